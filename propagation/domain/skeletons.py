"""A document to begin with, for every kind: what KubeFed wants, and the least that the kind itself does."""

from textwrap import indent

from clusters.domain.references import ResourceType

_POD = """\
    metadata:
      labels:
        app: NAME
    spec:
      containers:
        - name: NAME
          image: nginx:1.27
"""

_WITH_PODS = f"""\
spec:
  replicas: 2
  selector:
    matchLabels:
      app: NAME
  template:
{_POD}"""

_RULES = """\
rules:
  - apiGroups: [""]
    resources: [configmaps]
    verbs: [get, list, watch]
"""

_BINDING = """\
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ROLE
  name: NAME
subjects:
  - kind: ServiceAccount
    name: NAME
    namespace: default
"""

_TEMPLATES = {
    "Deployment": _WITH_PODS,
    "StatefulSet": _WITH_PODS.replace("spec:\n", "spec:\n  serviceName: NAME\n", 1),
    "ReplicaSet": _WITH_PODS,
    "DaemonSet": _WITH_PODS.replace("  replicas: 2\n", ""),
    "Job": f"""\
spec:
  template:
{_POD}      restartPolicy: Never
""",
    "CronJob": f"""\
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
{indent(_POD, "    ")}          restartPolicy: Never
""",
    "Service": """\
spec:
  # The pods that it leads to.
  selector:
    app: NAME
  ports:
    - port: 80
      targetPort: 80
""",
    "ConfigMap": """\
data:
  greeting: hello
""",
    "Secret": """\
type: Opaque
# Plain values; under data they would be base64.
stringData:
  password: ""
""",
    "ServiceAccount": """\
automountServiceAccountToken: false
""",
    "Namespace": """\
metadata:
  labels:
    team: NAME
""",
    "Ingress": """\
spec:
  rules:
    - host: NAME.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: NAME
                port:
                  number: 80
""",
    "PersistentVolumeClaim": """\
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Gi
""",
    "HorizontalPodAutoscaler": """\
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: NAME
  minReplicas: 1
  maxReplicas: 5
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 80
""",
    "PodDisruptionBudget": """\
spec:
  minAvailable: 1
  selector:
    matchLabels:
      app: NAME
""",
    "NetworkPolicy": """\
spec:
  podSelector:
    matchLabels:
      app: NAME
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {}
""",
    "Role": _RULES,
    "ClusterRole": _RULES,
    "RoleBinding": _BINDING.replace("ROLE", "Role"),
    "ClusterRoleBinding": _BINDING.replace("ROLE", "ClusterRole"),
    "CustomResourceDefinition": """\
spec:
  group: example.com
  scope: Namespaced
  names:
    kind: Example
    plural: examples
    singular: example
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          x-kubernetes-preserve-unknown-fields: true
""",
}

#: Kinds whose name says more than "example".
_NAMES = {"CustomResourceDefinition": "examples.example.com"}

_DOCUMENT = """\
apiVersion: types.kubefed.io/v1beta1
kind: Federated{kind}
metadata:
  name: {name}
{namespace}spec:
  # The object as it is in every cluster, without apiVersion, kind and name.
  template:
{template}
  # All clusters; or some by their labels, clusterSelector: {{matchLabels: {{env: prod}}}},
  # or by their names, clusters: [{{name: eu-1}}].
  placement:
    clusterSelector: {{}}
  # What differs, as a JSON patch per cluster:
  # overrides:
  #   - clusterName: eu-1
  #     clusterOverrides:
  #       - op: add
  #         path: /metadata/annotations
  #         value: {{note: only here}}
"""


def skeleton(kind: ResourceType) -> str:
    """A federated object of this kind as YAML with comments, which is valid as it stands."""
    name = _NAMES.get(kind.kind, "example")
    template = _TEMPLATES.get(kind.kind, "spec: {}\n").replace("NAME", name)
    return _DOCUMENT.format(
        kind=kind.kind,
        name=name,
        namespace="  namespace: default\n" if kind.namespaced else "",
        template=indent(template, "    ").rstrip(),
    )
