nvm() {
  case $1 in
    use) export NVM_BIN="$NVM_DIR/versions/v$2/bin" PATH="$NVM_DIR/versions/v$2/bin:$PATH" ;;
    *) return 3 ;;
  esac
}
