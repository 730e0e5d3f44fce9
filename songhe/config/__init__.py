"""Settings, root urls, command line, supervisor and the demo county."""
