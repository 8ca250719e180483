# envr for elvish: before each prompt, follow what the directory asks for.

set @edit:before-readline = $@edit:before-readline {
  # Where envr itself failed, it has said why.
  for changes [({ try { (external @ENVR@) export elvish --hook } catch _ { nop } } | from-json)] {
    for name [(keys $changes)] {
      if (eq $changes[$name] $nil) {
        unset-env $name
      } else {
        set-env $name $changes[$name]
      }
    }
  }
}
