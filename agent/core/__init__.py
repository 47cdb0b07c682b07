"""Pure rules of a charging station: no loop, clock, disk, network or chance. Time and ids come in as arguments."""
