"""What is printed: pages in millimetres from the top left corner, with text that can be searched.

Cards and posters are drawn with this. The same content is the same file, byte for byte, so that a
page can be compared with what is in the register.
"""
