#!/bin/sh
while :; do
  echo "hello from a flist"
  sleep 60
done
