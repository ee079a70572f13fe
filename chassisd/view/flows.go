package view

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Want says of which datapaths flows are read.
type Want struct {
	All       bool
	Datapaths map[schema.UUID]bool
}

// has tells whether the flows of a datapath are wanted.
func (w Want) has(dp schema.UUID) bool { return w.All || w.Datapaths[dp] }

// Want changes what is read; Batch.Followed says when it is there. What is
// not wanted any more is dropped.
func (v *View) Want(w Want) {
	v.mu.Lock()
	v.want = Want{w.All, maps.Clone(w.Datapaths)}
	v.mu.Unlock()
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

func (v *View) wanted() Want {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.want
}

// flows are what is followed below sb/flows.
type flows struct {
	want Want
	// owners are the datapaths and groups whose flows are told.
	owners map[schema.UUID]bool
	// groups are the members of all groups of datapaths, by the last part of the
	// key that holds them.
	groups map[schema.UUID]map[string][]schema.UUID
	// touched are groups that changed since regroup.
	touched map[schema.UUID]bool
}

func newFlows() flows {
	return flows{owners: map[schema.UUID]bool{}, groups: map[schema.UUID]map[string][]schema.UUID{}, touched: map[schema.UUID]bool{}}
}

// OwnerOf returns the datapath or group that a key of flows is of; false for
// other keys, and where it is not a UUID.
func OwnerOf(key string) (schema.UUID, bool) {
	rest, ok := strings.CutPrefix(key, flowPrefix)
	if !ok {
		return schema.UUID{}, false
	}
	owner, _, _ := strings.Cut(rest, "/")
	id, err := schema.ParseUUID(owner)
	return id, err == nil
}

// follows tells whether a southbound key is told. One that is no owner's is,
// so that somebody complains.
func (f *flows) follows(key string) bool {
	owner, ok := OwnerOf(key)
	return !ok || f.want.All || f.owners[owner]
}

const templatePrefix = sb.Prefix + "Chassis_Template_Var/"

// isAnothers tells whether a southbound key is of what another chassis alone needs: its
// template variables, of which there may be many.
func (v *View) isAnothers(key string) bool {
	id, ok := strings.CutPrefix(key, templatePrefix)
	return ok && id != sb.TemplateVarOf(v.cfg.Name).String()
}

const groupPrefix = sb.Prefix + "Logical_DP_Group/"

// note takes a key that came or, with nil, went, if it holds members of a group:
// "<group>/datapaths/<bucket>". One that cannot be read holds none.
func (f *flows) note(key string, value []byte) {
	rest, ok := strings.CutPrefix(key, groupPrefix)
	if !ok {
		return
	}
	parts := strings.Split(rest, "/")
	if len(parts) != 3 || parts[1] != "datapaths" {
		return
	}
	group, err := schema.ParseUUID(parts[0])
	if err != nil {
		return
	}
	f.touched[group] = true
	held := membersIn(parts[2], value)
	switch members := f.groups[group]; {
	case len(held) == 0:
		delete(members, parts[2])
		if len(members) == 0 {
			delete(f.groups, group)
		}
	case members == nil:
		f.groups[group] = map[string][]schema.UUID{parts[2]: held}
	default:
		members[parts[2]] = held
	}
}

// membersIn are the datapaths that a key of a group holds.
func membersIn(part string, value []byte) (out []schema.UUID) {
	if value == nil {
		return nil
	}
	d, err := schema.DecodePart(groups().Column("datapaths"), part, value)
	if err != nil {
		return nil
	}
	for _, k := range d.Keys {
		out = append(out, k.UUID())
	}
	return out
}

// groups is the table of groups of datapaths.
var groups = sync.OnceValue(func() *schema.Table { return sb.Schema().Table("Logical_DP_Group") })

// wants tells whether flows of a group are wanted.
func (f *flows) wants(group schema.UUID) bool {
	for _, held := range f.groups[group] {
		if slices.ContainsFunc(held, f.want.has) {
			return true
		}
	}
	return false
}

// adjust follows what is wanted now.
func (v *View) adjust(ctx context.Context) error {
	w := v.wanted()
	switch {
	case w.All != v.flows.want.All:
		return errReread
	case w.All:
		return nil
	}
	b := newBatch()
	if err := v.follows(ctx, b, &v.flows, w, v.sbNext-1); err != nil {
		return err
	}
	v.deliver(b, nil)
	return nil
}

// regroup follows the groups that have come to be wanted by a revision, and
// drops the others.
func (v *View) regroup(ctx context.Context, b *Batch, rev int64) error {
	f := &v.flows
	for group := range f.touched {
		if f.wants(group) && !f.want.All && !f.owners[group] {
			if err := v.readFlows(ctx, b, group, rev); err != nil {
				return err
			}
		}
	}
	for group := range f.touched {
		switch {
		case f.want.All:
		case f.wants(group):
			f.owners[group] = true
		case f.owners[group]:
			f.drop(b, group)
		}
	}
	clear(f.touched)
	return nil
}

// follows makes f what w wants, which is not all, as of rev. Where it fails, f
// is as it was.
func (v *View) follows(ctx context.Context, b *Batch, f *flows, w Want, rev int64) error {
	next := flows{want: w, groups: f.groups}
	owners := map[schema.UUID]bool{}
	for dp := range w.Datapaths {
		owners[dp] = true
	}
	for group := range f.groups {
		if next.wants(group) {
			owners[group] = true
		}
	}
	for owner := range owners {
		if !f.owners[owner] {
			if err := v.readFlows(ctx, b, owner, rev); err != nil {
				return err
			}
		}
	}
	for dp := range w.Datapaths {
		if !f.want.Datapaths[dp] {
			b.Followed[dp] = true
		}
	}
	for dp := range f.want.Datapaths {
		if !w.Datapaths[dp] {
			b.Followed[dp] = false
		}
	}
	for owner := range f.owners {
		if !owners[owner] {
			f.drop(b, owner)
		}
	}
	f.want, f.owners = w, owners
	clear(f.touched)
	return nil
}

func (f *flows) drop(b *Batch, owner schema.UUID) {
	delete(f.owners, owner)
	b.Dropped[owner] = true
	maps.DeleteFunc(b.Events, func(key string, _ Event) bool {
		of, ok := OwnerOf(key)
		return ok && of == owner
	})
}

// readFlows reads all flows of a datapath or group.
func (v *View) readFlows(ctx context.Context, b *Batch, owner schema.UUID, rev int64) error {
	prefix := flowPrefix + owner.String() + "/"
	return v.pages(ctx, prefix, prefixEnd(prefix), rev).each((*pages).wait, b.take)
}
