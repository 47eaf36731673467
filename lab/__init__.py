"""The lab: real hosts, and a mirror of everything a cluster downloads, on one Linux machine."""
