layout_poetry() { export POETRY_ACTIVE=1 VIRTUAL_ENV=$PWD/.venv; PATH_add "$VIRTUAL_ENV/bin"; }
