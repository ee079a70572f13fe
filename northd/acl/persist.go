package acl

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// maxACLID is the largest number that an ACL can have in conntrack.
const maxACLID = 32767

// persists tells whether what an ACL has let in stays in, until the ACL itself
// is gone: a match that does not cover the connection any more does not end
// it. The ACL has a number, ACL_ID in the southbound database, which is
// committed with its connections.
func (ft *feature) persists(row *nb.ACL) bool {
	return row.Action == "allow-related" && ft.options.persist.Of(row.Options)
}

// idRow is a row of table ACL_ID.
func (ft *feature) idRow(r *incr.Reader, id schema.UUID) (*sb.ACLID, bool) {
	n, ok := incr.Get(r, ft.ids.Of, id)
	return &sb.ACLID{Header: schema.Header{UUID: id}, ID: int64(n)}, ok
}

// persist are the actions of an ACL with a number.
func (a *acl) persist() []lflow.Action {
	if a.ID == 0 {
		return nil
	}
	return []lflow.Action{pipeline.Set(pipeline.ACLPersist), lflow.SetTo(pipeline.LField(pipeline.ACLID), a.ID)}
}

// established lets through, above all ACLs, what the ACL has let in. When the ACL
// goes, agents end its connections. OVN has one flow for all such ACLs; here the
// flow knows the ACL and goes with it, so that a connection which no agent ended,
// as that was away, meets the ACLs that are left.
func (f flows) established(a *acl) {
	in := lflow.And(lflow.Bool(lflow.CTEst), lflow.Eq(allowEstablished, 1), lflow.Eq(lflow.F("ct_label.acl_id"), a.ID))
	f.Add(aclStages[a.Stage].eval, 65532, in, append(admitReply(a.Stage), lflow.Next{})...)
}

var allowEstablished = lflow.F("ct_mark.allow_established")
