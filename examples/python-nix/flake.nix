{
  description = "a program in Python, with what it takes to work on it";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { nixpkgs, ... }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      shells = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    in
    {
      devShells = shells (pkgs: {
        default = pkgs.mkShell {
          packages = [ (pkgs.python3.withPackages (python: [ python.pytest ])) ];
          GREETING = builtins.readFile ./greeting.txt;
        };
      });
    };
}
