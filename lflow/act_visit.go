package lflow

// VisitKind is a job that flows of the agent do.
type VisitKind uint8

const (
	// VisitCTSNATToVIP translates the source of a packet that a backend sent
	// to itself to the VIP, so that the reply comes back the same way.
	VisitCTSNATToVIP VisitKind = iota
	// VisitFloodRemote sends a copy to every other chassis.
	VisitFloodRemote
	// VisitMACCacheUse notes that the packet's source, as a MAC binding or
	// FDB entry, is in use.
	VisitMACCacheUse
)

func (k VisitKind) String() string {
	return [...]string{"ct_snat_to_vip", "flood_remote", "mac_cache_use"}[k]
}

// Visit has the agent's flows for Kind do their job and goes on.
type Visit struct{ Kind VisitKind }

func (a Visit) Append(b []byte) []byte         { return append(append(b, a.Kind.String()...), ';') }
func (Visit) Prerequisites(es []*Expr) []*Expr { return es }

func parseVisit(k VisitKind) func(*actionParser) (Action, *Error) {
	return func(*actionParser) (Action, *Error) { return Visit{k}, nil }
}
