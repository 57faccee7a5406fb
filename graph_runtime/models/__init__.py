"""Models: what they are called, where they lie, what they need, and how they are brought here and loaded.

Nothing here imports torch, diffusers or transformers at the top; the modules that read files only
(:mod:`places`, :mod:`headers`, :mod:`checkpoint`, :mod:`estimate`, :mod:`licences`) never do.
"""
