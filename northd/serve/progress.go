package serve

import (
	"maps"
	"slices"

	"github.com/weft-sdn/weft/schema/sb"
)

// progress follows how far intent has come: what nb_cfg was compiled, and what
// every hypervisor has in its switch (docs/decisions/0003-wait-hv.md).
type progress struct {
	compiled sb.Compiled // in etcd
	hv       int64       // NB_Global.hv_cfg
	// barrier is what claims there were when every chassis had reached goal;
	// hv becomes goal when every chassis sees them.
	goal    int64
	barrier claims
}

// claims are the newest claim of all, and the newest of another chassis. A
// chassis knows its own claims without reading them.
type claims struct {
	newest, other int64
	chassis       string // whose newest is
}

func (c *claims) add(chassis string, rev int64) {
	if rev > c.newest {
		c.newest, c.other, c.chassis = rev, c.newest, chassis
	} else {
		c.other = max(c.other, rev)
	}
}

// seen tells whether a chassis that has read up to view knows them all.
func (c *claims) seen(chassis string, view int64) bool {
	if chassis == c.chassis {
		return view >= c.other
	}
	return view >= c.newest
}

// laggard says why hv_cfg is behind.
type laggard struct {
	chassis string
	nbCfg   int64
}

// advance returns the hv_cfg that the statuses of the registered chassis
// allow. It never goes back while compiled.NBCfg does not.
func (p *progress) advance(status map[string]sb.Status, registered []string) int64 {
	reached, claimed := p.compiled.NBCfg, claims{}
	for _, name := range registered {
		s := status[name]
		reached = min(reached, s.NBCfg)
		claimed.add(name, s.Claimed)
	}
	if reached < p.hv { // nb_cfg was set back, or a chassis came anew
		p.hv = min(p.hv, p.compiled.NBCfg)
		p.goal = 0
		return p.hv
	}
	if reached == p.hv {
		return p.hv
	}
	if p.goal != reached {
		p.goal, p.barrier = reached, claimed
	}
	for _, name := range registered {
		if !p.barrier.seen(name, status[name].View) {
			return p.hv
		}
	}
	p.hv, p.goal = reached, 0
	return p.hv
}

// restore makes hv the most that the leader before may have told, so that
// nobody sees hv_cfg go back. Either it was told before compiled was written,
// and is in there; or after, and then every chassis that was known when it was
// written had reached it. What a chassis has reached lies in etcd.
func (p *progress) restore(status map[string]sb.Status, registered map[string]int64) {
	p.hv = p.compiled.NBCfg
	for name, since := range registered {
		if since <= p.compiled.Agents {
			p.hv = min(p.hv, status[name].NBCfg)
		}
	}
	p.hv = max(p.hv, min(p.compiled.HVCfg, p.compiled.NBCfg))
}

// behind lists the registered chassis that have not reached compiled.NBCfg.
func (p *progress) behind(status map[string]sb.Status, registered []string) []laggard {
	var out []laggard
	for _, name := range registered {
		if s := status[name]; s.NBCfg < p.compiled.NBCfg {
			out = append(out, laggard{name, s.NBCfg})
		}
	}
	return out
}

// registered returns the chassis that hv_cfg waits for: those with a record
// of Chassis_Private that are not hidden.
func (a *agents) registered() []string {
	return slices.Sorted(maps.Keys(a.registrations()))
}

// registrations are the revisions at which they registered.
func (a *agents) registrations() map[string]int64 {
	out := maps.Clone(a.private)
	for name := range a.hidden {
		delete(out, name)
	}
	return out
}
