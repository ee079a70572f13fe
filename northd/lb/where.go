package lb

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// place is where flows of VIPs are stored: for one datapath, for those that have a
// Load_Balancer_Group, or for a set of them.
type place struct {
	Owner schema.UUID
	Set   []schema.UUID // the datapaths of a set of several, in order
	Group schema.UUID   // the Load_Balancer_Group, or zero
}

// placed is a VIP in a place.
type placed struct {
	model.VIP
	owner schema.UUID
}

func (p placed) Compare(o placed) int {
	return cmp.Or(p.VIP.Compare(o.VIP), p.owner.Compare(o.owner))
}

// named are the load balancers and groups of them that a datapath names.
type named struct{ Balancers, Groups []schema.UUID }

// names is what switches, or routers, name.
type names = incr.Table[schema.UUID, named]

// newNames reads what datapaths name.
func newNames[R schema.Row](g *graph.Graph, of string, rows *graph.RowTable[R], read func(R) named) *names {
	return graph.Table(g, "load balancers of "+of, incr.Keys(rows), func(r *incr.Reader, id schema.UUID) (named, bool) {
		row, ok := incr.Get(r, rows, id)
		if !ok {
			return named{}, false
		}
		all := read(row)
		return all, len(all.Balancers)+len(all.Groups) > 0
	})
}

// kind are datapaths that balance load in one way, and which load balancers they have.
type kind struct {
	name  string
	alone bool   // each datapath has flows of its own
	all   *names // of those of the kind
	// direct are those that name a load balancer themselves.
	direct *incr.Index[schema.UUID, named, schema.UUID]
	// members are those that name a group of load balancers, in order.
	members *incr.Table[schema.UUID, []schema.UUID]

	places *incr.Table[schema.UUID, []place] // by load balancer
	ofVIP  *incr.Table[model.VIP, placement]
	vips   *incr.Index[model.VIP, placement, placed]
}

// placement is where a VIP is.
type placement struct {
	Places []place
	Lost   string // where another load balancer has it, for people
}

// newKind declares those of some datapaths that a function takes.
func newKind(g *graph.Graph, name string, of *names, alone bool, takes func(r *incr.Reader, datapath schema.UUID) bool) *kind {
	k := &kind{name: name, alone: alone}
	k.all = graph.Table(g, "load balancers of "+name+" that balance", incr.Keys(of), func(r *incr.Reader, id schema.UUID) (named, bool) {
		n, ok := incr.Get(r, of, id)
		return n, ok && takes(r, id)
	})
	k.direct = incr.NewIndex(k.all, "load balancer", func(_ schema.UUID, n named) []schema.UUID { return n.Balancers })
	byGroup := incr.NewIndex(k.all, "group", func(_ schema.UUID, n named) []schema.UUID { return n.Groups })
	k.members = graph.Table(g, name+" with a group of load balancers", incr.Values(byGroup), func(r *incr.Reader, group schema.UUID) ([]schema.UUID, bool) {
		return inOrder(incr.Lookup(r, byGroup, group)), true
	})
	return k
}

// inOrder returns datapaths in order, each once.
func inOrder(of []schema.UUID) []schema.UUID {
	all := slices.Clone(of)
	slices.SortFunc(all, schema.UUID.Compare)
	return slices.Compact(all)
}

// ofGroup is the Logical_DP_Group of the datapaths that have a Load_Balancer_Group.
func (k *kind) ofGroup(group schema.UUID) schema.UUID {
	return schema.NameUUID("Logical_DP_Group", "load balancer group", k.name, group.String())
}

// ofSet is where the flows for a set of datapaths are stored.
func (k *kind) ofSet(set []schema.UUID) place {
	if len(set) == 1 {
		return place{Owner: set[0]}
	}
	var names strings.Builder
	for _, id := range set {
		names.WriteString(id.String())
	}
	return place{Owner: schema.NameUUID("Logical_DP_Group", "load balancers", k.name, names.String()), Set: set}
}

// ofEach are the datapaths of a set, each for itself.
func (k *kind) ofEach(set []schema.UUID) (all []place) {
	for _, id := range set {
		all = append(all, place{Owner: id})
	}
	return all
}

// declare declares where the VIPs of load balancers are on datapaths of a kind.
func (k *kind) declare(g *graph.Graph, ft *feature) {
	k.places = graph.Table(g, "places of load balancers on "+k.name, incr.Keys(ft.balancers), func(r *incr.Reader, id schema.UUID) ([]place, bool) {
		all := k.placesOf(r, ft, id)
		return all, len(all) > 0
	})
	k.ofVIP = graph.Table(g, "places of VIPs on "+k.name, incr.Keys(ft.vips), func(r *incr.Reader, v model.VIP) (p placement, ok bool) {
		p.Places, p.Lost = k.placesOfVIP(r, ft, v)
		return p, len(p.Places) > 0 || p.Lost != ""
	})
	k.vips = incr.NewIndex(k.ofVIP, "place", func(v model.VIP, all placement) []placed {
		out := make([]placed, len(all.Places))
		for i, p := range all.Places {
			out[i] = placed{v, p.Owner}
		}
		return out
	})
	graph.ProblemTable(g, "VIPs that others have on "+k.name, incr.Keys(k.ofVIP), func(r *incr.Reader, id model.VIP) []graph.Problem {
		its, _ := incr.Get(r, k.ofVIP, id)
		v, ok := incr.Get(r, ft.vips, id)
		if !ok || its.Lost == "" {
			return nil
		}
		p := graph.RowProblems{Table: "Load_Balancer", Row: id.Balancer, Name: v.Name}
		p.Problem("vips", its.Lost)
		return p.List
	})
	sets := incr.NewIndex(k.ofVIP, "set", func(_ model.VIP, all placement) (sets []schema.UUID) {
		for _, p := range all.Places {
			if len(p.Set) > 0 {
				sets = append(sets, p.Owner)
			}
		}
		return sets
	})
	graph.Rows(g, "sets of "+k.name+" with load balancers", incr.Values(sets), func(r *incr.Reader, owner schema.UUID) (*sb.LogicalDPGroup, bool) {
		_, all, ok := incr.One(r, sets, owner)
		at := slices.IndexFunc(all.Places, func(p place) bool { return p.Owner == owner })
		if !ok || at < 0 {
			return nil, false
		}
		return &sb.LogicalDPGroup{Header: schema.Header{UUID: owner}, Datapaths: all.Places[at].Set}, true
	})
	used := incr.NewIndex(k.ofVIP, "group", func(_ model.VIP, all placement) (groups []schema.UUID) {
		for _, p := range all.Places {
			if !p.Group.IsZero() {
				groups = append(groups, p.Group)
			}
		}
		return groups
	})
	graph.Rows(g, "groups of load balancers on "+k.name, incr.Values(used), func(r *incr.Reader, group schema.UUID) (*sb.LogicalDPGroup, bool) {
		return &sb.LogicalDPGroup{Header: schema.Header{UUID: k.ofGroup(group)}, Datapaths: k.membersOf(r, group)}, true
	})
}

func (k *kind) membersOf(r *incr.Reader, group schema.UUID) []schema.UUID {
	all, _ := incr.Get(r, k.members, group)
	return all
}

// placesOf are the places of a load balancer: those of its groups, and that of the
// datapaths that name it and none of these.
func (k *kind) placesOf(r *incr.Reader, ft *feature, id schema.UUID) (all []place) {
	groups := incr.Lookup(r, ft.groupsOf, id)
	if k.alone {
		set := slices.Clone(incr.Lookup(r, k.direct, id))
		for _, group := range groups {
			set = append(set, k.membersOf(r, group)...)
		}
		return k.ofEach(inOrder(set))
	}
	for _, group := range groups {
		if incr.Has(r, k.members, group) {
			all = append(all, place{Owner: k.ofGroup(group), Group: group})
		}
	}
	set := slices.DeleteFunc(inOrder(incr.Lookup(r, k.direct, id)), func(datapath schema.UUID) bool {
		its, _ := incr.Get(r, k.all, datapath)
		return slices.ContainsFunc(its.Groups, func(g schema.UUID) bool { return slices.Contains(groups, g) })
	})
	if len(set) > 0 {
		all = append(all, k.ofSet(set))
	}
	return all
}

// datapathsOf are all datapaths of places.
func (k *kind) datapathsOf(r *incr.Reader, places []place) (all []schema.UUID) {
	for _, p := range places {
		switch {
		case !p.Group.IsZero():
			all = append(all, k.membersOf(r, p.Group)...)
		case len(p.Set) > 0:
			all = append(all, p.Set...)
		default:
			all = append(all, p.Owner)
		}
	}
	return inOrder(all)
}

// placesOfVIP are the places of a VIP. Of load balancers with one and the same VIP the
// first by name has it on a datapath; lost says where that is another one.
func (k *kind) placesOfVIP(r *incr.Reader, ft *feature, id model.VIP) (places []place, lost string) {
	v, ok := incr.Get(r, ft.vips, id)
	places, has := incr.Get(r, k.places, id.Balancer)
	if !ok || !has || incr.Count(r, ft.same, v.virtual) == 1 {
		return places, ""
	}
	mine := k.datapathsOf(r, places)
	all := len(mine)
	var others []string
	for o, w := range incr.Each(r, ft.same, v.virtual) {
		if cmp.Or(strings.Compare(w.Name, v.Name), o.Balancer.Compare(id.Balancer)) >= 0 {
			continue
		}
		theirs, _ := incr.Get(r, k.places, o.Balancer)
		taken := k.datapathsOf(r, theirs)
		n := len(mine)
		mine = slices.DeleteFunc(mine, func(id schema.UUID) bool {
			_, found := slices.BinarySearchFunc(taken, id, schema.UUID.Compare)
			return found
		})
		if len(mine) < n {
			others = append(others, strconv.Quote(w.Name))
		}
	}
	if others == nil {
		return places, ""
	}
	lost = v.virtual.String() + " is another load balancer's: on " + strconv.Itoa(all-len(mine)) + " of its " + k.name + " connections go to the backends of " + strings.Join(others, ", ")
	if len(mine) == 0 {
		return nil, lost
	}
	if k.alone {
		return k.ofEach(mine), lost
	}
	return []place{k.ofSet(mine)}, lost
}
