package view

import (
	"errors"
	"testing"

	"github.com/weft-sdn/weft/chassisd/internal/etcdtest"
	"github.com/weft-sdn/weft/schema"
)

// TestNewerForm: what a later northd stores is not read. The agent goes on with
// what it was told, says why, and follows again when it can.
func TestNewerForm(t *testing.T) {
	s := etcdtest.Start(t)
	c := s.Client()
	form := func(n int) *string {
		return str(string(schema.Form{Form: n, By: "v9"}.Encode()))
	}
	etcdtest.Put(t, c, map[string]*string{"/weft/sb/a": str("1"), "/weft/sb/form": form(schema.CurrentForm + 1)})
	r := start(t, c, Config{})
	refused := func(st State) bool { return !st.Connected && errors.Is(st.Err, schema.ErrForm) }
	waitState(t, r.view, "the refusal", refused)
	select {
	case b := <-r.view.Batches():
		t.Fatalf("told: %v", b.Events)
	default:
	}
	etcdtest.Put(t, c, map[string]*string{"/weft/sb/form": form(schema.CurrentForm)})
	r.until("the first state", r.has("/weft/sb/a", "1"))

	etcdtest.Put(t, c, map[string]*string{"/weft/sb/a": str("later"), "/weft/sb/form": form(schema.CurrentForm + 1)})
	waitState(t, r.view, "the second refusal", refused)
	etcdtest.Put(t, c, map[string]*string{"/weft/sb/a": str("later still")})
	etcdtest.Put(t, c, map[string]*string{"/weft/sb/a": str("2"), "/weft/sb/form": form(1)})
	r.until("the third state", func() bool {
		if v := r.state["/weft/sb/a"]; v != "1" && v != "2" {
			t.Fatalf("told %q of a form that nobody here knows", v)
		}
		return r.state["/weft/sb/a"] == "2"
	})
}
