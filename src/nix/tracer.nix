(root: file:
  let
    report = kind: x: builtins.trace "envr-read ${kind} ${toString x}";
    isOfProject = p:
      let path = if builtins.isPath p || builtins.isString p then toString p else ""; in
      builtins.substring 0 (builtins.stringLength root + 1) path == root + "/";
    source = x: if builtins.isAttrs x then x.url or x.path or x.outPath or "" else x;
    told = {
      readFile = p: report "file" p (builtins.readFile p);
      hashFile = type: p: report "file" p (builtins.hashFile type p);
      readDir = p: report "dir" p (builtins.readDir p);
      readFileType = p: report "exists" p (builtins.readFileType p);
      pathExists = p: report "exists" p (builtins.pathExists p);
      filterSource = keep: p: report "tree" p (builtins.filterSource keep p);
      path = x: report "tree" x.path (builtins.path x);
      fetchGit = x: report "fetch" (source x) (builtins.fetchGit x);
      fetchTree = x: report "fetch" (source x) (builtins.fetchTree x);
      fetchTarball = x: report "fetch" (source x) (builtins.fetchTarball x);
      fetchurl = x: report "fetch" (source x) (builtins.fetchurl x);
      getFlake = x: report "fetch" x (builtins.getFlake x);
      getEnv = n: report "env" n (builtins.getEnv n);
      builtins = b;
      import = p: if isOfProject p then report "import" p (builtins.scopedImport scope p) else builtins.import p;
      scopedImport = s: p: builtins.scopedImport (scope // s) p;
    };
    # No version has all of them.
    b = builtins // builtins.intersectAttrs builtins told;
    underscored = builtins.map (name: { name = "__" + name; value = b.${name}; }) (builtins.attrNames told);
    scope = builtins.listToAttrs underscored // { builtins = b; inherit (b) import scopedImport fetchGit fetchTarball fetchTree; };
  in
  b.scopedImport { } (/. + file))
