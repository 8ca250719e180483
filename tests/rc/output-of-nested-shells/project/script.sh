#!/usr/bin/env bash
echo "in ${1-} $SHARED $(basename "$PWD")"
export LOST=1
