# Programs that "cargo install" makes.
export PATH="$PATH:$HOME/.cargo/bin"
