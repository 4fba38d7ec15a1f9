"""`green-whistle demo`: the whole product on one machine, and one report's story played over HTTP and checked."""
