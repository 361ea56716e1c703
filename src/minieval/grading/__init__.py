"""Is an answer right, and who says so?

Items are what was asked; a grader marks each distinct answer once. The built-in grader knows verb forms (grammar.py);
any module:function can take its place. identity.py names a grader by a hash, and a baseline pins that hash.
"""
