source_env "$PWD/lib/c/.envrc"
export B="b after $C"
