#!/bin/sh
exec /sbin/zinit init
