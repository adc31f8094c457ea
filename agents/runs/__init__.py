"""The life of a run, from its rows to its end: laid out, claimed, watched, ended, swept."""
