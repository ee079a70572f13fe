package sb

import "encoding/json"

// Compiled is the value of /weft/sb/compiled: what the rows and flows that
// lie beside it were compiled from.
type Compiled struct {
	NBRevision int64 `json:"nb_revision"` // etcd revision of the newest intent that is in
	NBCfg      int64 `json:"nb_cfg"`      // NB_Global.nb_cfg as of that revision
	// Partial: the change was too large for one etcd transaction and more
	// follow. A chassis applies nothing until it is false again.
	Partial bool `json:"partial,omitempty"`
	// HVCfg is NB_Global.hv_cfg as it was told when this was written, and Agents
	// the revision up to which the agents' keys were read for it: for the next
	// leader, to tell no less.
	HVCfg  int64 `json:"hv_cfg,omitempty"`
	Agents int64 `json:"agents,omitempty"`
}

// Status is the value of /weft/status/<chassis>: what that chassis has in its
// switch.
type Status struct {
	Applied int64 `json:"applied"` // Compiled.NBRevision that is in the switch
	NBCfg   int64 `json:"nb_cfg"`  // Compiled.NBCfg that is in the switch
	// NBCfgTimestamp is when that was first reported, ms since the epoch.
	NBCfgTimestamp int64 `json:"nb_cfg_timestamp,omitempty"`
	// View is the etcd revision up to which everything that the chassis reads
	// is in the switch; Claimed that of its own newest claim of a port.
	View    int64 `json:"view"`
	Claimed int64 `json:"claimed"`
	// WithClaims: its newest claim was written in the same transaction. Whoever
	// writes it cannot know that revision; ParseStatus puts it into Claimed.
	WithClaims bool `json:"with_claims,omitempty"`
	// Errors are for people: what could not be applied, and why.
	Errors []string `json:"errors,omitempty"`
}

// ParseStatus reads the value of a status key that rev wrote.
func ParseStatus(value []byte, rev int64) (Status, error) {
	var s Status
	if err := json.Unmarshal(value, &s); err != nil {
		return Status{}, err
	}
	if s.WithClaims {
		s.Claimed, s.WithClaims = rev, false
	}
	return s, nil
}

// Claim is one chassis's claim of a port.
type Claim struct {
	Chassis string // the chassis's name
	// Revision is the etcd revision that made the claim's key. Not the one that
	// wrote it last: the loser of a port writes that its claim is not up, and
	// must not win by that.
	Revision int64
}

// Winner returns the name of the chassis that has the port: the one that was
// requested (its name) if it claims it, else the newest claim; claims of one
// revision, which cannot be of one port, go by name. It is "" without claims.
// Everyone who sees the same claims names the same winner.
func Winner(requested string, claims []Claim) string {
	var best Claim
	for _, c := range claims {
		if requested != "" && c.Chassis == requested {
			return c.Chassis
		}
		if best.Chassis == "" || c.Revision > best.Revision ||
			c.Revision == best.Revision && c.Chassis < best.Chassis {
			best = c
		}
	}
	return best.Chassis
}
