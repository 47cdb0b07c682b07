"""A recording of a charger (`evse record`), fed to the production agent of today: does it do the same?"""
