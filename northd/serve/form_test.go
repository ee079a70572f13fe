package serve

import (
	"strings"
	"testing"

	"github.com/weft-sdn/weft/proto"
	"github.com/weft-sdn/weft/proto/admin"
	"github.com/weft-sdn/weft/schema"
)

// TestNewerForm: a northd does not serve what a later build has stored, says so,
// and stands for leader when it is another's no more.
func TestNewerForm(t *testing.T) {
	s := startEtcd(t)
	start(t, s, "one").stop()
	key := nbPrefix + schema.FormPath
	r, err := s.Client.Get(t.Context(), key)
	if err != nil || len(r.Kvs) != 1 {
		t.Fatalf("the form is %v, %v", r, err)
	}
	if f, err := schema.ParseForm(key, r.Kvs[0].Value); err != nil || f.Form != schema.CurrentForm || f.From != 0 {
		t.Errorf("the form is %+v, %v", f, err)
	}
	newer := schema.Form{Form: schema.CurrentForm + 1, By: "v9"}.Encode()
	if _, err := s.Client.Put(t.Context(), key, string(newer)); err != nil {
		t.Fatal(err)
	}
	d, ready := launch(t, s, "two")
	conn, err := admin.Dial("unix:" + d.path("admin"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	d.eventually("the refusal in the status", func() bool {
		st, err := proto.NewAdminClient(conn).Status(t.Context(), &proto.StatusRequest{})
		if err != nil {
			return false
		}
		for _, p := range st.Parts {
			if p.Name == "form" && p.State == proto.State_STATE_FAILED && strings.Contains(p.Reason, "v9") {
				return st.State == proto.State_STATE_FAILED
			}
		}
		return false
	})
	select {
	case <-ready:
		t.Fatal("it serves")
	default:
	}
	if _, err := s.Client.Put(t.Context(), key, string(r.Kvs[0].Value)); err != nil {
		t.Fatal(err)
	}
	<-ready
}
