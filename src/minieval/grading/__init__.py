"""Is an answer right, and which grader decides?

Items are the questions; a grader marks each distinct answer once. The built-in grader checks verb forms (grammar.py),
and any module:function can replace it. identity.py identifies a grader by a hash, and a baseline pins that hash.
"""
