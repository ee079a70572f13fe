package chassisd

import (
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// hosted is what is remembered of a port that is here without an interface.
// Its claim is for people and for northd; where it is, all agents know without.
type hosted struct {
	name     string
	datapath schema.UUID
	gen      int64 // the update that brings its flows
	up       bool  // they were in
}

// host follows the ports without interface that are here.
func (p *ports) host(c incr.Change[schema.UUID, tables.Hosted], gen int64) {
	delete(p.coming, c.Key)
	if !c.Has {
		delete(p.hosted, c.Key)
		p.log.Info("gateway port released", "port", c.Old.Name)
		return
	}
	_, written := p.claimed[c.Key]
	h := &hosted{name: c.New.Name, datapath: c.New.Datapath, gen: gen, up: written}
	p.hosted[c.Key] = h
	if !h.up {
		p.coming[c.Key] = h
	}
}

// hostedFlowsCame notes that an update brings the flows of a datapath.
func (p *ports) hostedFlowsCame(dp schema.UUID, gen int64) {
	for _, h := range p.coming {
		if h.datapath == dp {
			h.gen = gen
		}
	}
}

// hostedIn takes that an update is in the switch, and adds the claims that
// follow to the wishes.
func (p *ports) hostedIn(gen int64, wishes map[string][]byte) {
	for id, h := range p.coming {
		if _, local := p.t.Local.Get(h.datapath); !local || h.gen > gen {
			continue
		}
		delete(p.coming, id)
		h.up = true
		p.log.Info("gateway port is here", "port", h.name)
		wishes[sb.RecordKey(p.name, "Port_Binding", id)] = p.claimOf(id)
	}
}
