({ trace, dir, tree, fragment }:
  let
    lockFile = /. + dir + "/flake.lock";
    lock =
      if builtins.pathExists lockFile
      then builtins.fromJSON (builtins.readFile lockFile)
      else { root = "root"; nodes.root = { }; };

    # An input is a node, or (by `follows`) a path of input names from the root.
    resolve = spec:
      if builtins.isList spec
      then builtins.foldl' (key: name: resolve lock.nodes.${key}.inputs.${name}) lock.root spec
      else spec;

    node = key:
      let
        n = lock.nodes.${key};
        isRoot = key == lock.root;
        isPart = n ? parent; # a relative path input
        source =
          if isRoot then { outPath = dir; }
          else if isPart then { outPath = (node (resolve n.parent)).outPath + "/" + n.locked.path; }
          else builtins.fetchTree n.locked;
        subdirectory = if isRoot || isPart || (n.locked.dir or "") == "" then "" else "/" + n.locked.dir;
        file = source.outPath + subdirectory + "/flake.nix";
        flake = if isRoot || isPart then trace (toString file) else import file;
        # A flake may be a directory of its source.
        sourceInfo = if isRoot then { outPath = tree; } else source;
        inputs = builtins.mapAttrs (_: spec: node (resolve spec)) (n.inputs or { });
        outputs = flake.outputs (inputs // { self = result; });
        result = outputs // source // { inherit inputs outputs sourceInfo; _type = "flake"; };
      in
      if n.flake or true then result else source // { sourceInfo = source; };

    system = builtins.currentSystem;
    path = builtins.filter builtins.isString (builtins.split "\\." fragment);
    candidates =
      if fragment == ""
      then [ [ "devShells" system "default" ] [ "devShell" system ] [ "packages" system "default" ] [ "defaultPackage" system ] ]
      else map (before: before ++ path) [ [ "devShells" system ] [ "packages" system ] [ "legacyPackages" system ] [ ] ];
    find = value: names:
      if names == [ ] then [ value ]
      else
        let name = builtins.head names; in
        if builtins.isAttrs value && value ? ${name} then find value.${name} (builtins.tail names) else [ ];
    found = builtins.concatMap (find (node lock.root)) candidates;
  in
  if found == [ ] then throw "flake '${dir}' does not provide attribute '${fragment}'" else builtins.head found)
