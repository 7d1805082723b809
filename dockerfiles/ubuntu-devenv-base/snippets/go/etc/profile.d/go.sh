# Programs that "go install" makes.
export PATH="$PATH:$HOME/go/bin"
