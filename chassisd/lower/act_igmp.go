package lower

// igmp gives the packet to the agent; there are no arguments.
func (e *encoder) igmp() { e.controller(appendUserdata(nil, OpIGMP), false) }
