"""Certification test cases, one case one test: a scripted CSMS plays the test tool, the simulator plays the hands.

The steps and validations are those of OCPP 2.0.1 part 6 (and of 1.6's certification cases); `tools/requirements.py`
prints which case is shown by which test. What a case calls a reusable or memory state is a function in `states`.
"""
