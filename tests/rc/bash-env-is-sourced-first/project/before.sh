export FROM_BASH_ENV=1
helper() { echo "helper of BASH_ENV"; }
