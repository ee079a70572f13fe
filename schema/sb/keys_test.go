package sb

import (
	"testing"

	"github.com/weft-sdn/weft/schema"
)

// Keys and UUIDs lie in etcd and in operators' notes: they stay as they are.
func TestKeys(t *testing.T) {
	id := schema.NameUUID("x")
	for _, c := range []struct{ got, want string }{
		{RecordKey("hv1", "Encap", id), "/weft/chassis/hv1/Encap/" + id.String()},
		{StatusKey("hv1"), "/weft/status/hv1"},
		{Prefix + FlowPath(id, "base"), "/weft/sb/flows/" + id.String() + "/base"},
		{Prefix + CompiledPath, "/weft/sb/compiled"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

func TestFlowUUID(t *testing.T) {
	f := Flow{Pipeline: Egress, Table: 3, Priority: 100, Match: "ip", Actions: "next;", Stage: "ls_out_acl"}
	want := schema.NameUUID("Logical_Flow", "flows/a/b", "1", "3", "100", "ip")
	for _, f.Actions = range []string{"next;", "drop;"} {
		if got := f.UUID("flows/a/b"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
