#!/bin/sh
# Services are the supervisor's to start: packages that are installed, now or later, start none by themselves.
exit 101
