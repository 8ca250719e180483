eval "$(mise direnv activate)"
