package acl

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// Reads is what other features tell ACLs; what is nil says nothing.
type Reads struct {
	Sampling model.ACLSampling
	Meters   model.LogMeter
	Copp     model.CoppMeter
	// Balanced tells of switches on which all packets go through conntrack: there all
	// ACLs meet connections.
	Balanced model.ConntrackDemand
}

type feature struct {
	m        *model.Model
	reads    Reads
	options  aclOptions
	rows     *graph.RowTable[*nb.ACL]
	switches *graph.RowTable[*nb.LogicalSwitch]
	ids      *graph.Numbers // of ACLs in conntrack: see persists

	settings *incr.Table[struct{}, settings]
	acls     *incr.Table[schema.UUID, *acl]
	owned    *incr.Table[schema.UUID, []schema.UUID] // ACLs of a switch or port group
	demands  *incr.Table[schema.UUID, policy]        // of an owner's ACLs
	policies *incr.Table[schema.UUID, policy]        // of a switch
	byScope  *incr.Index[model.GroupOnSwitch, scope, scope]
	classes  *graph.Class[class]
}

type aclOptions struct {
	afterLB, persist, logRelated *graph.Option[bool]
}

// settings are options for the whole network.
type settings struct {
	defaultDrop bool // drop what ACLs do not allow, on switches that have some
	noInvalid   bool // do not match on ct.inv
	translate   bool // protocols and ports are those of connections
}

// class is what switches with ACLs differ in.
type class struct {
	Stateful    bool                  // one is allow-related
	Tiers       [len(aclStages)]uint8 // highest ones, by stage
	DefaultDrop bool                  // where ACLs say nothing of a packet, it is dropped
	NoInvalid   bool                  // do not match on ct.inv
	RejectMeter string
}

// New declares access control and returns what it demands of conntrack.
func New(g *graph.Graph, m *model.Model, reads Reads) model.ConntrackDemand {
	ft := &feature{m: m, reads: reads}
	ft.rows = graph.Read[*nb.ACL](g, "name", "priority", "direction", "match", "action", "log", "severity", "label", "tier")
	ft.switches = graph.Read[*nb.LogicalSwitch](g, "acls")
	graph.Elsewhere[*nb.PortGroup](g, "acls")
	ft.declareOptions(g)
	ft.ids = graph.NewNumbers(g, "ACL id", "ACL number", maxACLID, graph.KeptIn(func(a *sb.ACLID) int64 { return a.ID }))
	persistent := graph.Table(g, "persistent ACL", incr.Keys(ft.rows), func(r *incr.Reader, id schema.UUID) (struct{}, bool) {
		row, ok := incr.Get(r, ft.rows, id)
		return struct{}{}, ok && ft.persists(row)
	})
	graph.Number(ft.ids, persistent, func(struct{}) (graph.Wish, bool) { return graph.Wish{}, true })
	graph.Rows(g, "ACL_ID", incr.Keys(ft.ids.Of), ft.idRow)
	ft.acls = graph.Table(g, "parsed ACL", incr.Keys(ft.rows), ft.parse)
	graph.ProblemsOf(g, ft.acls, func(a *acl) []graph.Problem { return a.Problems })
	ft.declareScopes(g)
	ft.classes = graph.NewClass(g, "acl", graph.Table(g, "class of ACLs", incr.Keys(m.Switches), ft.classOf))
	ft.writeBase()
	return func(r *incr.Reader, sw schema.UUID) model.Conntrack {
		p, _ := incr.Get(r, ft.policies, sw)
		return p.Conntrack
	}
}

func (ft *feature) declareOptions(g *graph.Graph) {
	ft.options = aclOptions{
		afterLB:    graph.Bool[*nb.ACL](g, "options", "apply-after-lb", false, "a from-lport ACL is asked behind load balancing"),
		persist:    graph.Bool[*nb.ACL](g, "options", "persist-established", false, "what an allow-related ACL let in stays in until the ACL itself is gone"),
		logRelated: graph.Bool[*nb.ACL](g, "options", "log-related", false, "log replies and related packets, too; the ACL needs a label"),
	}
	defaultDrop := graph.Bool[*nb.NBGlobal](g, "options", "default_acl_drop", false, "switches with ACLs drop what none of them mentions")
	matchInvalid := graph.Bool[*nb.NBGlobal](g, "options", "use_ct_inv_match", true, "flows match on ct.inv, which some network cards cannot")
	translate := graph.Bool[*nb.NBGlobal](g, "options", "acl_ct_translation", false,
		"where connections are tracked, tcp, udp and sctp with their ports in ACLs are those of the connection, which later fragments have as well")
	ft.settings = graph.Table(g, "settings of ACLs", incr.Keys(ft.m.Options), func(r *incr.Reader, _ struct{}) (settings, bool) {
		options, _ := incr.Get(r, ft.m.Options, struct{}{})
		return settings{defaultDrop: defaultDrop.Of(options), noInvalid: !matchInvalid.Of(options), translate: translate.Of(options)}, true
	})
}

func (ft *feature) classOf(r *incr.Reader, id schema.UUID) (class, bool) {
	p, ok := incr.Get(r, ft.policies, id)
	if !ok {
		return class{}, false
	}
	all, _ := incr.Get(r, ft.settings, struct{}{})
	return class{
		Stateful: p.Stateful, Tiers: p.Tiers, DefaultDrop: all.defaultDrop, NoInvalid: p.Stateful && all.noInvalid,
		RejectMeter: ft.reads.Copp.Of(r, id, "reject"),
	}, p.ACLs
}
