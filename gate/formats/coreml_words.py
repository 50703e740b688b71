"""Names and field numbers of Core ML models (mlmodel/format/*.proto of coremltools 9).

https://github.com/apple/coremltools/tree/main/mlmodel/format
"""

from __future__ import annotations

from typing import Final

from gate.formats.protobuf import Kind, Schema

KINDS: Final = {
    200: "pipelineClassifier",
    201: "pipelineRegressor",
    202: "pipeline",
    300: "glmRegressor",
    301: "supportVectorRegressor",
    302: "treeEnsembleRegressor",
    303: "neuralNetworkRegressor",
    304: "bayesianProbitRegressor",
    400: "glmClassifier",
    401: "supportVectorClassifier",
    402: "treeEnsembleClassifier",
    403: "neuralNetworkClassifier",
    404: "kNearestNeighborsClassifier",
    500: "neuralNetwork",
    501: "itemSimilarityRecommender",
    502: "mlProgram",
    555: "customModel",
    556: "linkedModel",
    560: "classConfidenceThresholding",
    600: "oneHotEncoder",
    601: "imputer",
    602: "featureVectorizer",
    603: "dictVectorizer",
    604: "scaler",
    606: "categoricalMapping",
    607: "normalizer",
    609: "arrayFeatureExtractor",
    610: "nonMaximumSuppression",
    900: "identity",
    2000: "textClassifier",
    2001: "wordTagger",
    2002: "visionFeaturePrint",
    2003: "soundAnalysisPreprocessing",
    2004: "gazetteer",
    2005: "wordEmbedding",
    2006: "audioFeaturePrint",
    3000: "serializedModel",
}
MODEL: Final[Schema] = {
    1: ("version", Kind.VARINT),
    2: ("description", Kind.BYTES),
    **{number: (name, Kind.BYTES) for number, name in KINDS.items()},
}
DESCRIPTION: Final[Schema] = {1: ("input", Kind.BYTES), 10: ("output", Kind.BYTES), 100: ("metadata", Kind.BYTES)}
METADATA: Final[Schema] = {
    1: ("description", Kind.BYTES),
    2: ("version", Kind.BYTES),
    3: ("author", Kind.BYTES),
    4: ("license", Kind.BYTES),
    100: ("user", Kind.BYTES),
}
ENTRY: Final[Schema] = {1: ("key", Kind.BYTES), 2: ("value", Kind.BYTES)}
FEATURE: Final[Schema] = {1: ("name", Kind.BYTES), 3: ("type", Kind.BYTES)}
TYPES: Final = {
    1: "int64",
    2: "float64",
    3: "string",
    4: "image",
    5: "array",
    6: "dictionary",
    7: "sequence",
    8: "state",
}
TYPE: Final[Schema] = {
    **{number: (name, Kind.BYTES) for number, name in TYPES.items()},
    1000: ("optional", Kind.VARINT),
}
ARRAY: Final[Schema] = {1: ("shape", Kind.VARINTS), 2: ("dtype", Kind.VARINT)}
DTYPES: Final = {65552: "float16", 65568: "float32", 65600: "float64", 131104: "int32", 131080: "int8"}
PIPELINE: Final[Schema] = {1: ("model", Kind.BYTES)}
NETWORK: Final[Schema] = {1: ("layer", Kind.BYTES)}
LAYER: Final[Schema] = {500: ("custom", Kind.BYTES)}
CLASS: Final[Schema] = {10: ("class", Kind.BYTES)}
LINKED: Final[Schema] = {1: ("file", Kind.BYTES)}
PLACES: Final[Schema] = {1: ("name", Kind.BYTES), 2: ("path", Kind.BYTES)}
DEFAULT: Final[Schema] = {1: ("value", Kind.BYTES)}
PROGRAM: Final[Schema] = {2: ("function", Kind.BYTES)}
FUNCTION: Final[Schema] = {3: ("block", Kind.BYTES)}
BLOCK: Final[Schema] = {3: ("operation", Kind.BYTES)}
OPERATION: Final[Schema] = {1: ("type", Kind.BYTES), 4: ("block", Kind.BYTES), 5: ("attribute", Kind.BYTES)}
VALUE: Final[Schema] = {5: ("blob", Kind.BYTES)}
BLOB: Final[Schema] = {1: ("file", Kind.BYTES)}
