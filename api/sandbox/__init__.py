"""Stand-ins for the machines that are not ours (WeChat, the case platform): real HTTP servers with documented rules."""
