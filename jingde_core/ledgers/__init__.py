"""Files in and out: tables as CSV folders, each with its place when something is wrong."""
