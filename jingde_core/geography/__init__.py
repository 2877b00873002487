"""Where things are: the county's towns and villages, their names, shapes and areas.

No official boundary of a town or village is public. What ships is *schematic*: cells of
the right size near the right place. Official polygons are loaded by
``boundaries.load_boundaries``; only those may serve distance, adjacency or exposure.
"""
