"""From a message of a lead to a reply that may go, or that a person must look at.

A writer writes, fixed rules screen, an evaluator judges, and one pure function says whether a
person decides. What a model says can only hold a reply back: nothing that it says lets one pass
that the rules hold.
"""
