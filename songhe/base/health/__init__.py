"""How the platform itself is: samples of every process, kept two weeks."""
