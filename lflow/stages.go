package lflow

// IngressStages and EgressStages are how many stages a pipeline may have, of a
// switch or a router: for so many there is room in OVN's table layout of 2026
// (ovn-architecture(7)), from OpenFlow table 8 up to 57 and from 62 up to 88, which
// the agents have too. OVN's own pipelines end with tables 34 and 15 there, and 34
// is the largest table_id that the Southbound schema allows (ovn-sb(5)).
const (
	IngressStages = 49
	EgressStages  = 26
)

// stages returns how many stages the pipeline may have.
func (l Pipeline) stages() int {
	if l == Egress {
		return EgressStages
	}
	return IngressStages
}
