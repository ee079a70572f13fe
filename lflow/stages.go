package lflow

// IngressStages and EgressStages are how many stages a pipeline may have, of a
// switch or a router: for so many the agents have tables. OVN of 2026 has 35 and
// 16, and as much room.
const (
	IngressStages = 49
	EgressStages  = 26
)
