package vswitch

import (
	"maps"
	"reflect"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/model"
)

// The client copies a row several times for each update of it. Its own way is
// through JSON, which for a bridge of hundreds of ports takes tens of
// milliseconds; these methods are what it looks for to be spared that.

func (r *OpenvSwitch) CloneModel() model.Model { c := &OpenvSwitch{}; r.CloneModelInto(c); return c }
func (r *Bridge) CloneModel() model.Model      { c := &Bridge{}; r.CloneModelInto(c); return c }
func (r *Port) CloneModel() model.Model        { c := &Port{}; r.CloneModelInto(c); return c }
func (r *Interface) CloneModel() model.Model   { c := &Interface{}; r.CloneModelInto(c); return c }

func (r *CollectorSet) CloneModel() model.Model {
	c := &CollectorSet{}
	r.CloneModelInto(c)
	return c
}

func (r *OpenvSwitch) CloneModelInto(to model.Model) {
	c := to.(*OpenvSwitch)
	*c = *r
	c.Bridges = slices.Clone(r.Bridges)
	c.ExternalIDs = maps.Clone(r.ExternalIDs)
	c.OtherConfig = maps.Clone(r.OtherConfig)
	c.DatapathTypes = slices.Clone(r.DatapathTypes)
	c.IfaceTypes = slices.Clone(r.IfaceTypes)
}

func (r *Bridge) CloneModelInto(to model.Model) {
	c := to.(*Bridge)
	*c = *r
	c.Ports = slices.Clone(r.Ports)
	c.FailMode = clonePointer(r.FailMode)
	c.ExternalIDs = maps.Clone(r.ExternalIDs)
	c.OtherConfig = maps.Clone(r.OtherConfig)
}

func (r *Port) CloneModelInto(to model.Model) {
	c := to.(*Port)
	*c = *r
	c.Interfaces = slices.Clone(r.Interfaces)
	c.ExternalIDs = maps.Clone(r.ExternalIDs)
}

func (r *Interface) CloneModelInto(to model.Model) {
	c := to.(*Interface)
	*c = *r
	c.Ofport = clonePointer(r.Ofport)
	c.LinkState = clonePointer(r.LinkState)
	c.AdminState = clonePointer(r.AdminState)
	c.Error = clonePointer(r.Error)
	c.MACInUse = clonePointer(r.MACInUse)
	c.ExternalIDs = maps.Clone(r.ExternalIDs)
	c.Options = maps.Clone(r.Options)
	c.BFD = maps.Clone(r.BFD)
	c.BFDStatus = maps.Clone(r.BFDStatus)
}

func (r *CollectorSet) CloneModelInto(to model.Model) { *to.(*CollectorSet) = *r }

func (r *OpenvSwitch) EqualsModel(m model.Model) bool  { return equalModels(r, m) }
func (r *Bridge) EqualsModel(m model.Model) bool       { return equalModels(r, m) }
func (r *Port) EqualsModel(m model.Model) bool         { return equalModels(r, m) }
func (r *Interface) EqualsModel(m model.Model) bool    { return equalModels(r, m) }
func (r *CollectorSet) EqualsModel(m model.Model) bool { return equalModels(r, m) }

func equalModels[T any](r *T, m model.Model) bool {
	o, ok := m.(*T)
	return ok && reflect.DeepEqual(r, o)
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
