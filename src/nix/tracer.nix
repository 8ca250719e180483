(root: file:
  let
    report = kind: x: builtins.trace "envr-read ${kind} ${toString x}";
    isOfProject = p:
      let path = if builtins.isPath p || builtins.isString p then toString p else ""; in
      builtins.substring 0 (builtins.stringLength root + 1) path == root + "/";
    b = builtins // {
      readFile = p: report "file" p (builtins.readFile p);
      readDir = p: report "dir" p (builtins.readDir p);
      pathExists = p: report "exists" p (builtins.pathExists p);
      getEnv = n: report "env" n (builtins.getEnv n);
      import = p: if isOfProject p then report "import" p (builtins.scopedImport scope p) else builtins.import p;
      scopedImport = s: p: builtins.scopedImport (scope // s) p;
    };
    scope = { builtins = b; inherit (b) import scopedImport; };
  in
  b.scopedImport { } (/. + file))
