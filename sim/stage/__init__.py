"""A whole station with its CSMS on the virtual clock, and what plays on it: fixtures, scenarios, faults."""
