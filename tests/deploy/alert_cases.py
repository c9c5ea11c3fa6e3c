"""For each alert of deploy/prometheus: what makes it fire, and beside it what must not. Series are in promtool's notation, one value
a minute; subjects that do not appear in `fires` have to stay silent."""
import dataclasses

C, A = 'job="adit-connector"', 'job="adit-agent"'


@dataclasses.dataclass
class Case:
    alert: str
    series: dict        # those of ill and of healthy subjects
    at: str             # when it fires
    fires: list         # labels of each alert that fires
    quiet: str = "0m"   # when nothing fires yet: before the trouble, or before it has lasted long enough
    value: str = ""     # what $value is in its words


def counters(metric, ill, healthy, growing="0+1x60", still="3x60"):
    return {f"{metric}{{{ill}}}": growing, f"{metric}{{{healthy}}}": still}


def histogram(metric, subject, slow):
    """`slow`: all of it above every bound but the last."""
    fast = "0x60" if slow else "0+60x60"
    return {f'{metric}_bucket{{{subject},le="0.1"}}': fast, f'{metric}_bucket{{{subject},le="30"}}': "0+60x60",
            f'{metric}_bucket{{{subject},le="+Inf"}}': "0+60x60", f"{metric}_count{{{subject}}}": "0+60x60"}


CONNECTOR = {"job": "adit-connector", "instance": "c1"}
AGENT = {"job": "adit-agent", "instance": "a1"}
ONE, TWO = f'{C},instance="c1"', f'{C},instance="c2"'
JOB = {"job": "adit-connector"}

CASES = [
    Case("AditConnectorDown", {f"up{{{ONE}}}": "1 0x60", f"up{{{TWO}}}": "1x60", f'up{{{A},instance="a1"}}': "0x60"}, "4m", [CONNECTOR], "2m"),
    Case("AditAgentDown", {f'up{{{A},instance="a1"}}': "1 0x60", f'up{{{A},instance="a2"}}': "1x60"}, "4m", [AGENT], "2m"),
    Case("AditAgentWithoutSession", {f'adit_agent_sessions{{{A},instance="a1",transport="tls"}}': "4 0x60",
                                     f'adit_agent_sessions{{{A},instance="a2",transport="tls"}}': "0x60",
                                     f'adit_agent_sessions{{{A},instance="a2",transport="wireguard"}}': "4x60"}, "3m", [AGENT], "1m"),
    Case("AditTunnelWithoutSession", {f'adit_connector_sessions{{{ONE},tunnel="t1",transport="tls"}}': "4 0x60",
                                      f'adit_connector_sessions{{{ONE},tunnel="t2",transport="tls"}}': "4x60",
                                      f'adit_connector_sessions{{{TWO},tunnel="t1",transport="tls"}}': "4x60"}, "3m", [{**CONNECTOR, "tunnel": "t1"}], "1m"),
    Case("AditRequestsWithoutSession", {**counters("adit_connector_request_failures_total", f'{ONE},route="r1",reason="tunnel-without-session"',
                                                   f'{ONE},route="r2",reason="tunnel-without-session"'),
                                        f'adit_connector_request_failures_total{{{ONE},route="r3",reason="timeout"}}': "0+1x60"},
         "10m", [{**CONNECTOR, "route": "r1"}]),
    Case("AditTunnelNotEverywhere", {f"up{{{ONE}}}": "1x60", f"up{{{TWO}}}": "1x60",
                                     f'adit_connector_sessions{{{ONE},tunnel="t1",transport="tls"}}': "4x60",
                                     f'adit_connector_sessions{{{TWO},tunnel="t1",transport="tls"}}': "4 0x60",
                                     f'adit_connector_sessions{{{ONE},tunnel="t2",transport="tls"}}': "4x60",
                                     f'adit_connector_sessions{{{TWO},tunnel="t2",transport="tls"}}': "4x60"}, "15m", [{"tunnel": "t1"}], "5m"),
    Case("AditAgentsRefused", {**counters("adit_connector_session_refused_total", f'{ONE},reason="unknown_key"', f'{ONE},reason="expired_key"'),
                               f'adit_connector_session_refused_total{{{ONE},reason="handshake"}}': "0+9x60"},
         "15m", [{**CONNECTOR, "reason": "unknown_key"}]),
    Case("AditSessionsFlap", counters("adit_connector_session_closed_total", f'{ONE},tunnel="t1",transport="tls",reason="reset"',
                                      f'{ONE},tunnel="t2",transport="tls",reason="reset"', "0+4x60", "0+1x60"), "20m", [{**CONNECTOR, "tunnel": "t1"}], "1m"),
    Case("AditProbesFail", counters("adit_connector_probe_failures_total", f'{ONE},tunnel="t1"', f'{ONE},tunnel="t2"', "0+6x60", "0+1x60"),
         "12m", [{**CONNECTOR, "tunnel": "t1"}]),
    Case("AditTunnelSlow", {**histogram("adit_connector_probe_round_trip_seconds", f'{ONE},tunnel="t1"', True),
                            **histogram("adit_connector_probe_round_trip_seconds", f'{ONE},tunnel="t2"', False)}, "15m", [{"tunnel": "t1"}], "5m"),
    Case("AditAgentReconnects", counters("adit_agent_reconnects_total", f'{A},instance="a1",reason="reset"', f'{A},instance="a2",reason="reset"',
                                         "0+4x60", "0+1x60"), "20m", [AGENT], "1m"),
    Case("AditAgentFallback", counters("adit_agent_transport_fallbacks_total", f'{A},instance="a1"', f'{A},instance="a2"', "0x9 1x60", "0x60"), "11m", [AGENT], "9m"),
    Case("AditWireGuardSilent", {f'adit_connector_wireguard_handshake_age_seconds{{{ONE},tunnel="t1",key="k1",seat="7"}}': "0+60x60",
                                 f'adit_connector_wireguard_handshake_age_seconds{{{ONE},tunnel="t1",key="k1",seat="6"}}': "100x60",
                                 f'adit_connector_wireguard_handshake_age_seconds{{{ONE},tunnel="t1",key="k1",seat="0"}}': "0+60x60"},
         "5m", [{**CONNECTOR, "tunnel": "t1", "seat": "7"}], "3m"),
    Case("AditWireGuardHelperRestarts", {f"adit_connector_wireguard_helper_restarts_total{{{ONE}}}": "_x69 1x60",
                                         f"adit_connector_wireguard_helper_restarts_total{{{TWO}}}": "2x199"}, "75m", [CONNECTOR], "68m"),
    Case("AditErrorShare", {f'adit_connector_requests_total{{{ONE},route="r1",code="200"}}': "0+90x60", f'adit_connector_requests_total{{{ONE},route="r1",code="502"}}': "0+10x60",
                            f'adit_connector_requests_total{{{ONE},route="r2",code="200"}}': "0+99x60", f'adit_connector_requests_total{{{ONE},route="r2",code="502"}}': "0+1x60",
                            f'adit_connector_requests_total{{{ONE},route="r3",code="200"}}': "0x60", f'adit_connector_requests_total{{{ONE},route="r3",code="502"}}': "0+1x60",
                            f'adit_connector_requests_total{{{ONE},route="r4",code="404"}}': "0+90x60"}, "12m", [{**JOB, "route": "r1"}], "2m", "10%"),
    Case("AditSlow", {**histogram("adit_connector_request_duration_seconds", f'{ONE},route="r1"', True),
                      **histogram("adit_connector_request_duration_seconds", f'{ONE},route="r2"', False)}, "15m", [{**JOB, "route": "r1"}], "5m"),
    Case("AditTargetProhibited", {f'adit_connector_request_failures_total{{{ONE},route="r1",reason="destination-prohibited"}}': "_x19 1x60",
                                  f'adit_connector_request_failures_total{{{ONE},route="r2",reason="destination-prohibited"}}': "3x99",
                                  f'adit_connector_request_failures_total{{{ONE},route="r3",reason="timeout"}}': "0+1x60"}, "25m", [{**CONNECTOR, "route": "r1"}], "18m"),
    Case("AditAgentRefuses", counters("adit_agent_stream_refusals_total", f'{A},instance="a1",reason="connection_refused"',
                                      f'{A},instance="a2",reason="connection_refused"', "0+2x60"), "15m", [{**AGENT, "reason": "connection_refused"}]),
    Case("AditAgentDialSlow", {**histogram("adit_agent_dial_duration_seconds", f'{A},instance="a1"', True),
                               **histogram("adit_agent_dial_duration_seconds", f'{A},instance="a2"', False)}, "15m", [AGENT], "5m"),
    Case("AditClientsRefused", counters("adit_connector_client_refused_total", f'{ONE},listener="l1",reason="connections"',
                                        f'{ONE},listener="l1",reason="descriptors"'), "5m", [{**CONNECTOR, "listener": "l1", "reason": "connections"}]),
    Case("AditAuthenticationUnavailable", {**counters("adit_authentications_total", f'{ONE},policy="jwt",result="unavailable"', f'{ONE},policy="mtls",result="unavailable"'),
                                           f'adit_authentications_total{{{ONE},policy="basic",result="refused"}}': "0+1x60"}, "15m", [{**JOB, "policy": "jwt"}]),
    Case("AditCircuitOpen", {f'adit_circuit_state{{{ONE},circuit="backend:b1"}}': "0 3x60", f'adit_circuit_state{{{ONE},circuit="backend:b2"}}': "2x60"},
         "3m", [{**JOB, "circuit": "backend:b1"}], "1m"),
    Case("AditRetryBudgetSpent", {**counters("adit_connector_retries_declined_total", f'{ONE},backend="b1",reason="budget-spent"', f'{ONE},backend="b2",reason="budget-spent"'),
                                  f'adit_connector_retries_declined_total{{{ONE},backend="b3",reason="not-safe"}}': "0+1x60"}, "12m", [{**JOB, "backend": "b1"}]),
    Case("AditEndpointUnhealthy", {f'adit_connector_endpoint_healthy{{{ONE},backend="b1",endpoint="http://e1"}}': "1 0x60",
                                   f'adit_connector_endpoint_healthy{{{ONE},backend="b1",endpoint="http://e2"}}': "1x60"},
         "4m", [{**JOB, "backend": "b1", "endpoint": "http://e1"}], "2m"),
    Case("AditEndpointEjected", counters("adit_connector_endpoint_ejections_total", f'{ONE},backend="b1",endpoint="http://e1",reason="failures"',
                                         f'{ONE},backend="b2",endpoint="http://e2",reason="failures"'), "12m", [{**JOB, "backend": "b1"}]),
    Case("AditPanic", {f'adit_connector_panic{{{ONE},backend="b1"}}': "0 1x60", f'adit_connector_panic{{{ONE},backend="b2"}}': "0x60"}, "3m", [{**JOB, "backend": "b1"}], "1m"),
    Case("AditShedding", {f'adit_connector_overload_level{{{ONE},resource="memory"}}': "0 1x60", f'adit_connector_overload_level{{{ONE},resource="lag"}}': "0x60"},
         "3m", [{**CONNECTOR, "resource": "memory"}], "1m"),
    Case("AditNearOverload", {f'adit_connector_overload_share{{{ONE},resource="memory"}}': "0.85x60", f'adit_connector_overload_share{{{ONE},resource="lag"}}': "0.7x60"},
         "11m", [{**CONNECTOR, "resource": "memory"}], "5m", "85%"),
    Case("AditBulkheadFull", {**counters("adit_bulkhead_rejected_total", f'{ONE},bulkhead="backend:b1",reason="full"', f'{ONE},bulkhead="backend:b2",reason="timeout"'),
                              f'adit_bulkhead_rejected_total{{{ONE},bulkhead="backend:b3",reason="client-left"}}': "0+1x60"}, "12m", [{**JOB, "bulkhead": "backend:b1"}]),
    Case("AditQueueSlow", {**histogram("adit_bulkhead_queue_seconds", f'{ONE},bulkhead="backend:b1"', True),
                           **histogram("adit_bulkhead_queue_seconds", f'{ONE},bulkhead="backend:b2"', False)}, "15m", [{**JOB, "bulkhead": "backend:b1"}], "5m"),
    Case("AditFunctionalityReduced", {f"adit_functionality_reduced{{{ONE}}}": "0 1x60", f"adit_functionality_reduced{{{TWO}}}": "0x60"}, "7m", [CONNECTOR], "4m"),
    Case("AditStateAway", {f"adit_state_answers{{{ONE}}}": "1 0x60", f"adit_state_answers{{{TWO}}}": "1x60"}, "3m", [CONNECTOR], "1m"),
    Case("AditReloadRefused", {f'adit_connector_reloads_total{{{ONE},result="refused"}}': "_x19 1x60", f'adit_connector_reloads_total{{{TWO},result="refused"}}': "2x99",
                               f'adit_connector_reloads_total{{{TWO},result="accepted"}}': "0+1x60"}, "25m", [CONNECTOR], "18m"),
    Case("AditTunnelsUnread", {f'adit_connector_store_unreadable{{{ONE},what="directory"}}': "0 1x60", f'adit_connector_store_unreadable{{{ONE},what="file"}}': "0x60"},
         "4m", [{**CONNECTOR, "what": "directory"}], "1m"),
    Case("AditAuditUnwritten", {f"adit_admin_audit_writable{{{ONE}}}": "1 0x60", f"adit_admin_audit_writable{{{TWO}}}": "1x60"}, "4m", [CONNECTOR], "1m"),
    Case("AditCertificateExpires", {f'adit_connector_certificate_expires_timestamp_seconds{{{ONE},listener="l",subject="soon"}}': "864000x60",
                                    f'adit_connector_certificate_expires_timestamp_seconds{{{ONE},listener="l",subject="late"}}': "8640000x60"},
         "20m", [{**JOB, "listener": "l", "subject": "soon"}], "10m", "9d 23h 40m 0s"),
    Case("AditKeyExpires", {f'adit_connector_key_expires_timestamp_seconds{{{ONE},tunnel="t1",key="soon"}}': "432000x60",
                            f'adit_connector_key_expires_timestamp_seconds{{{ONE},tunnel="t1",key="gone"}}': "60x60",
                            f'adit_connector_key_expires_timestamp_seconds{{{ONE},tunnel="t1",key="late"}}': "8640000x60"},
         "20m", [{**JOB, "tunnel": "t1", "key": "soon"}], "10m", "4d 23h 40m 0s"),
    Case("AditCredentialExpires", {f'adit_credential_expires_timestamp_seconds{{{ONE},backend="b1",kind="oauth2"}}': "300x60",
                                   f'adit_credential_expires_timestamp_seconds{{{ONE},backend="b2",kind="oauth2"}}': "3600x60",
                                   f'adit_credential_expires_timestamp_seconds{{{ONE},backend="b3",kind="oauth2"}}': "0x60"},
         "6m", [{**JOB, "backend": "b1", "kind": "oauth2"}], "3m"),
    Case("AditCredentialFetchFails", {**counters("adit_credential_fetches_total", f'{ONE},backend="b1",kind="oauth2",result="refused"',
                                                 f'{ONE},backend="b1",kind="oauth2",result="failed"'),
                                      f'adit_credential_fetches_total{{{ONE},backend="b2",kind="oauth2",result="ok"}}': "0+1x60"},
         "15m", [{**JOB, "backend": "b1", "kind": "oauth2", "result": "refused"}], "1m"),
    Case("AditTelemetryDropped", counters("adit_connector_telemetry_dropped_total", f'{ONE},sink="loki"', f'{ONE},sink="file"'), "12m", [{**CONNECTOR, "sink": "loki"}]),
    Case("AditWebhookDropped", {f'adit_webhook_dropped_total{{{ONE},webhook="w1",reason="given_up"}}': "0x19 1x60",
                                f'adit_webhook_dropped_total{{{ONE},webhook="w2",reason="given_up"}}': "2x99"},
         "25m", [{**CONNECTOR, "webhook": "w1", "reason": "given_up"}], "19m"),
]
