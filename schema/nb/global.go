package nb

import "github.com/weft-sdn/weft/schema"

// NBGlobal is the one row about the deployment as a whole: its options, and
// the sequence numbers by which `--wait` knows how far a change has come
// (nb_cfg asked for, sb_cfg compiled, hv_cfg installed on every chassis;
// timestamps in ms since the epoch). All but nb_cfg northd makes again from the
// Southbound database and the agents' status
// (docs/decisions/0008-how-far-is-derived.md).
type NBGlobal struct {
	schema.Header `ovs:"NB_Global,root,maxrows=1"`

	Name           string            `ovs:"name"`
	NBCfg          int64             `ovs:"nb_cfg"`
	NBCfgTimestamp int64             `ovs:"nb_cfg_timestamp,derived"`
	SBCfg          int64             `ovs:"sb_cfg,derived"`
	SBCfgTimestamp int64             `ovs:"sb_cfg_timestamp,derived"`
	HVCfg          int64             `ovs:"hv_cfg,derived"`
	HVCfgTimestamp int64             `ovs:"hv_cfg_timestamp,derived"`
	ExternalIDs    map[string]string `ovs:"external_ids"`
	Connections    []schema.UUID     `ovs:"connections,strong=Connection"`
	SSL            *schema.UUID      `ovs:"ssl,strong=SSL"`
	Options        map[string]string `ovs:"options"`
	IPsec          bool              `ovs:"ipsec"`
}

// Connection is an address that the northbound server listens on or connects
// to; what lives there now is in its ephemeral columns.
type Connection struct {
	schema.Header `ovs:"Connection,index=target"`

	Target          string            `ovs:"target"`
	MaxBackoff      *int64            `ovs:"max_backoff,range=1000:"`
	InactivityProbe *int64            `ovs:"inactivity_probe"`
	OtherConfig     map[string]string `ovs:"other_config"`
	ExternalIDs     map[string]string `ovs:"external_ids"`
	IsConnected     bool              `ovs:"is_connected,ephemeral"`
	Status          map[string]string `ovs:"status,ephemeral"`
}

// SSL is the one row of keys and certificates of the northbound server. Files
// are named by path.
type SSL struct {
	schema.Header `ovs:"SSL,maxrows=1"`

	PrivateKey      string            `ovs:"private_key"`
	Certificate     string            `ovs:"certificate"`
	CACert          string            `ovs:"ca_cert"`
	BootstrapCACert bool              `ovs:"bootstrap_ca_cert"`
	SSLProtocols    string            `ovs:"ssl_protocols"`
	SSLCiphers      string            `ovs:"ssl_ciphers"`
	SSLCiphersuites string            `ovs:"ssl_ciphersuites"`
	ExternalIDs     map[string]string `ovs:"external_ids"`
}
