(root: file:
  let
    report = kind: x: builtins.trace "envr-read ${kind} ${toString x}";
    isBelow = dir: path: builtins.substring 0 (builtins.stringLength dir + 1) path == dir + "/";
    # It is large, imports its own files again and again, and reads nothing that is another's.
    isOfNixpkgs = path:
      path != "/" && (builtins.pathExists (path + "/pkgs/top-level/impure.nix") || isOfNixpkgs (dirOf path));
    isTraced = path:
      isBelow root path || isBelow "" path && !(isBelow builtins.storeDir path) && !(isOfNixpkgs path);
    source = x: if builtins.isAttrs x then x.url or x.path or x.outPath or "" else x;
    # What is fetched of a commit is always the same.
    reportGit = x: result:
      if !(builtins.isAttrs x) || x ? outPath then report "fetch" x result
      else if (x.rev or "") != "" then result
      else report "fetch" (toString (source x) + (if (x.ref or "") == "" then "" else "?ref=${x.ref}")) result;
    # Where a name is looked for, up to the first place that has it.
    reportSearch = places: name: result:
      let
        below = { prefix ? "", path, ... }:
          let
            here = toString path;
            dir = if isBelow "" here then here else "${toString ./.}/${here}";
            length = builtins.stringLength prefix;
          in
          if builtins.match "[a-z]+:.*" here != null then [ ]
          else if prefix == "" then [ "${dir}/${name}" ]
          else if name == prefix then [ dir ]
          else if isBelow prefix name then [ (dir + builtins.substring length (-1) name) ]
          else [ ];
        search = paths:
          let path = builtins.head paths; in
          if paths == [ ] then result
          else if builtins.pathExists path then report "there" path result
          else report "missing" path (search (builtins.tail paths));
      in
      search (builtins.concatMap below places);
    told = {
      readFile = p: report "file" p (builtins.readFile p);
      hashFile = type: p: report "file" p (builtins.hashFile type p);
      readDir = p: report "dir" p (builtins.readDir p);
      readFileType = p: report "type" p (builtins.readFileType p);
      pathExists = p:
        let isThere = builtins.pathExists p; in
        report (if isThere then "there" else "missing") p isThere;
      findFile = places: name: reportSearch places name (builtins.findFile places name);
      filterSource = keep: p: report "tree" p (builtins.filterSource keep p);
      path = x: report "tree" x.path (builtins.path x);
      fetchGit = x: reportGit x (builtins.fetchGit x);
      fetchTree = x: reportGit x (builtins.fetchTree x);
      fetchTarball = x: report "fetch" (source x) (builtins.fetchTarball x);
      fetchurl = x: report "fetch" (source x) (builtins.fetchurl x);
      getFlake = x: report "fetch" x (builtins.getFlake x);
      getEnv = n: report "env" n (builtins.getEnv n);
      builtins = b;
      import = p: if isTraced (toString p) then report "import" p (builtins.scopedImport scope p) else builtins.import p;
      scopedImport = s: p: builtins.scopedImport (scope // s) p;
    };
    # No version has all of them.
    b = builtins // builtins.intersectAttrs builtins told;
    underscored = builtins.map (name: { name = "__" + name; value = b.${name}; }) (builtins.attrNames told);
    scope = builtins.listToAttrs underscored // { builtins = b; inherit (b) import scopedImport fetchGit fetchTarball fetchTree; };
  in
  b.scopedImport { } (/. + file))
