"""Pictures of graphs: what stands in them, the text that Graphviz reads, and drawings with or without Graphviz."""

from einderiv.pictures.elements import Edge, Group, Kind, Vertex
from einderiv.pictures.picture import FORMATS, Picture

__all__ = ["FORMATS", "Edge", "Group", "Kind", "Picture", "Vertex"]
