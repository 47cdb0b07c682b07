"""A street of chargers: many whole stations in few processes, for a CSMS that wants to be tried."""
