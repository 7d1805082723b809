export ALGORAND_DATA=/var/lib/algorand
export PATH="$PATH:/opt/algorand/bin"
