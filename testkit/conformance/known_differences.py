"""Known differences of moto and the local engine from DynamoDB: the case, and what each of them does instead.

Tests check that the list is complete, and that every entry is still true.
"""

KNOWN_DIFFERENCES: dict[str, dict[str, str]] = {
    "condition a = :v on {a: True} with {v: 1}": {
        "moto": "leaves []",
    },
    "condition q = z on {a: 1} with {}": {
        "moto": "leaves []",
        "engine": "leaves []",
    },
    "condition q <> z on {a: 1} with {}": {
        "moto": "fails: ConditionalCheckFailedException",
        "engine": "fails: ConditionalCheckFailedException",
    },
    "condition a < :v on {a: '9'} with {v: 10}": {
        "moto": "breaks: TypeError",
    },
    "condition a < :v on {a: [1]} with {v: [2]}": {
        "moto": "leaves []",
        "engine": "fails: ConditionalCheckFailedException",
    },
    "condition a < :v on {a: True} with {v: True}": {
        "moto": "fails: ConditionalCheckFailedException",
        "engine": "fails: ConditionalCheckFailedException",
    },
    "condition a < b on {a: [1], b: [2]} with {}": {
        "moto": "leaves []",
    },
    "condition a = a on {a: 1} with {}": {
        "moto": "leaves []",
        "engine": "leaves []",
    },
    "condition a BETWEEN :x AND :y on {a: 1} with {x: '1', y: '2'}": {
        "moto": "breaks: TypeError",
    },
    "condition a BETWEEN :x AND :y on {a: 1} with {x: 2, y: 1}": {
        "moto": "fails: ConditionalCheckFailedException",
    },
    "condition a BETWEEN :x AND :y on {a: 1} with {x: 2, y: 'x'}": {
        "moto": "fails: ConditionalCheckFailedException",
        "engine": "fails: ConditionalCheckFailedException",
    },
    "condition a IN () on {a: 1} with {}": {
        "moto": "breaks: ValueError",
    },
    "condition attribute_exists(:v) on {a: 1} with {v: 1}": {
        "moto": "breaks: ValueError",
    },
    "condition attribute_type(a, :v) on {a: 1} with {v: 'DOG'}": {
        "moto": "fails: ConditionalCheckFailedException",
        "engine": "fails: ConditionalCheckFailedException",
    },
    "condition begins_with(a, :v) on {a: 1} with {v: '1'}": {
        "engine": "fails: ValidationException",
    },
    "condition begins_with(a, :v) on {a: '1'} with {v: 1}": {
        "moto": "fails: ConditionalCheckFailedException",
    },
    "condition contains(a, a) on {a: 'x'} with {}": {
        "moto": "leaves []",
    },
    "condition size(a) > :v on {a: 12} with {v: 1}": {
        "moto": "breaks: ValueError",
    },
    "condition size(q) = :v on {a: 1} with {v: 0}": {
        "moto": "breaks: ValueError",
    },
    "condition size(a) on {a: 'x'} with {}": {
        "moto": "breaks: ValueError",
    },
    "condition attribute_exists(a) = :v on {a: 1} with {v: True}": {
        "moto": "breaks: ValueError",
    },
    "condition ATTRIBUTE_EXISTS(a) on {a: 1} with {}": {
        "moto": "breaks: ValueError",
        "engine": "leaves []",
    },
    "condition attribute_exists(a, b) on {a: 1} with {}": {
        "moto": "breaks: ValueError",
    },
    "condition NOT NOT a = :v on {a: 1} with {v: 1}": {
        "moto": "breaks: ValueError",
    },
    "condition  on {a: 1} with {}": {
        "moto": "leaves []",
    },
    "condition a =  on {a: 1} with {}": {
        "moto": "breaks: ValueError",
    },
    "condition a == :v on {a: 1} with {v: 1}": {
        "moto": "breaks: ValueError",
    },
    "condition a = :v AND on {a: 1} with {v: 1}": {
        "moto": "breaks: ValueError",
    },
    "condition (a = :v on {a: 1} with {v: 1}": {
        "moto": "breaks: ValueError",
    },
    "condition a = :v b = :v on {a: 1, b: 1} with {v: 1}": {
        "moto": "breaks: ValueError",
    },
    "condition a = 1 on {a: 1} with {}": {
        "moto": "fails: ConditionalCheckFailedException",
    },
    "condition _a = :v on {a: 1} with {v: 1}": {
        "moto": "fails: ConditionalCheckFailedException",
        "engine": "fails: ConditionalCheckFailedException",
    },
    "condition a = :v on {a: 1} with {}": {
        "moto": "breaks: KeyError",
    },
    "condition a = :v on {a: 1} with {v: 1, w: 2}": {
        "moto": "leaves []",
    },
    "condition #a = :v on {a: 1} with {v: 1}": {
        "moto": "breaks: KeyError",
    },
    "condition a = :v on {a: 1} with {v: {SS: []}}": {
        "moto": "fails: ConditionalCheckFailedException",
        "engine": "fails: ConditionalCheckFailedException",
    },
    "update SET a[9] = :v, a[7] = :w of {a: [1]} with {v: 9, w: 7}": {
        "moto": "leaves [{'a': [1, 9, 7], 'pk': 'p', 'sk': 's'}]",
        "engine": "leaves [{'a': [1, 9, 7], 'pk': 'p', 'sk': 's'}]",
    },
    "update REMOVE a[0], a[2] of {a: [1, 2, 3, 4]} with {}": {
        "engine": "leaves [{'a': [2, 3], 'pk': 'p', 'sk': 's'}]",
    },
    "update REMOVE a[1] SET a[3] = :v of {a: [1, 2, 3, 4]} with {v: 9}": {
        "moto": "leaves [{'a': [1, 3, 4, 9], 'pk': 'p', 'sk': 's'}]",
    },
    "update REMOVE a of None with {}": {
        "moto": "leaves [{'pk': 'p', 'sk': 's'}]",
        "engine": "leaves [{'pk': 'p', 'sk': 's'}]",
    },
    "update DELETE a :v of None with {v: {'x'}}": {
        "moto": "leaves [{'pk': 'p', 'sk': 's'}]",
        "engine": "leaves [{'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = :v SET b = :v of {a: 1} with {v: 1}": {
        "engine": "leaves [{'a': 1, 'b': 1, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = :v, a = :w of {a: 1} with {v: 1, w: 2}": {
        "engine": "leaves [{'a': 2, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = :v REMOVE a of {a: 1} with {v: 1}": {
        "engine": "leaves [{'pk': 'p', 'sk': 's'}]",
    },
    "update SET a.b = :v, a = :w of {a: {}} with {v: 1, w: 2}": {
        "engine": "leaves [{'a': 2, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a.b = :v, a[1] = :w of {a: {}} with {v: 1, w: 2}": {
        "engine": "leaves [{'a': {'b': 1}, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET #x = :v, #y = :w of {a: 1} with {v: 1, w: 2} and names {'x': 'a', 'y': 'a'}": {
        "engine": "leaves [{'a': 2, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = :v + :w + :v of {a: 1} with {v: 1, w: 2}": {
        "moto": "leaves [{'a': 4, 'pk': 'p', 'sk': 's'}]",
        "engine": "leaves [{'a': 4, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = :v + :w of {a: 1} with {v: 'x', w: 2}": {
        "engine": "leaves [{'a': 'x', 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = list_append(a, :v) of {a: [1]} with {v: 2}": {
        "engine": "leaves [{'a': [1], 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = list_append(list_append(:v, :v), a) of {a: [1]} with {v: [2]}": {
        "moto": "leaves [{'a': [2, 2, 1], 'pk': 'p', 'sk': 's'}]",
        "engine": "leaves [{'a': [2, 2, 1], 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = if_not_exists(:v, :w) of {a: 1} with {v: 1, w: 2}": {
        "engine": "leaves [{'a': 2, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET :v = :w of {a: 1} with {v: 1, w: 2}": {
        "engine": "leaves [{'a': 1, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a[:v] = :w of {a: [1]} with {v: 0, w: 2}": {
        "engine": "leaves [{'a': 2, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = :v, of {a: 1} with {v: 1}": {
        "engine": "leaves [{'a': 1, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = :v of {a: 1} with {v: {N: '111111111111111111111111111111111111111'}}": {
        "moto": "leaves [{'a': 111111111111111111111111111111111111111, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = :v of {a: 1} with {v: {N: '1E126'}}": {
        "moto": "leaves [{'a': 'number 1E126', 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = :v of {a: 1} with {v: {N: '0.9E-130'}}": {
        "moto": "leaves [{'a': 'number 0.9E-130', 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = :v of {a: 1} with {v: {N: '+1e-3'}}": {
        "moto": "leaves [{'a': 'number +1e-3', 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = :v + :w of {a: 1} with {v: {N: '1E50'}, w: 1}": {
        "moto": "breaks: ValueError",
        "engine": "leaves [{'a': 100000000000000000000000000000000000000000000000000, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = a + :v of {a: {N: '900000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000'}} with {v: {N: '9E125'}}": {
        "moto": "breaks: ValueError",
    },
    "update SET a = :v of {a: 1} with {v: {N: 'one'}}": {
        "moto": "leaves [{'a': 'number one', 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = :v of {a: 1} with {v: {NS: ['1', '1.0']}}": {
        "moto": "leaves [{'a': {'set of': [1, 'number 1.0']}, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = a + :v of {a: 'x'} with {v: 1}": {
        "engine": "leaves [{'a': 'x', 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a.b = :v of {a: 1} with {v: 1}": {
        "moto": "leaves [{'a': 1, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a[0] = :v of {a: {b: 1}} with {v: 1}": {
        "engine": "leaves [{'a': {'b': 1}, 'pk': 'p', 'sk': 's'}]",
    },
    "update REMOVE a.b of {c: 1} with {}": {
        "engine": "leaves [{'c': 1, 'pk': 'p', 'sk': 's'}]",
    },
    "update REMOVE a.b of {a: 1} with {}": {
        "moto": "breaks: TypeError",
        "engine": "leaves [{'a': 1, 'pk': 'p', 'sk': 's'}]",
    },
    "update SET a = list_append(a, :v) of {a: 1} with {v: [2]}": {
        "engine": "leaves [{'a': [2], 'pk': 'p', 'sk': 's'}]",
    },
    "update SET #o = :v of {a: 1} with {v: ''} and names {'o': 'owner'}": {
        "moto": "leaves [{'a': 1, 'owner': '', 'pk': 'p', 'sk': 's'}]",
    },
    "an update without an expression makes an item": {
        "moto": "breaks: AttributeError",
    },
    "numbers come back without zeros at their ends": {
        "moto": "leaves [{'a': 'number 001.500', 'b': 'number 1e2', 'c': 0, 'pk': 'p', 'sk': 's'}]",
    },
    "an index key of another type": {
        "moto": "leaves [{'owner': 1, 'pk': 'p', 'sk': 's'}]",
    },
    "a set that has something twice": {
        "moto": "leaves [{'a': {'set of': ['x', 'x']}, 'pk': 'p', 'sk': 's'}]",
    },
    "an attribute value of two types": {
        "moto": "leaves [{'a': 'x', 'pk': 'p', 'sk': 's'}]",
    },
    "an attribute value of no type": {
        "moto": "breaks: StopIteration",
    },
    "transaction: an update that does not fit its item is a reason": {
        "moto": "fails: ValidationException",
    },
    "transaction: a path that is not there is a reason": {
        "moto": "fails: ValidationException",
    },
    "transaction: an expression that is not well written": {
        "engine": "leaves [{'n': 1, 'pk': 'a', 'sk': '1'}, {'pk': 'b', 'sk': '1'}]",
    },
    "transaction: a removal alone makes no item": {
        "moto": "leaves [{'pk': 'a', 'sk': '1'}, {'n': 2, 'pk': 'b', 'sk': '1'}]",
        "engine": "leaves [{'pk': 'a', 'sk': '1'}, {'n': 2, 'pk': 'b', 'sk': '1'}]",
    },
    "transaction: more than 4 MB": {
        "moto": "leaves [{'a': 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ... 798073 characters",
    },
    "a batch with an item twice": {
        "moto": "leaves []",
    },
    "a batch of 26": {
        "moto": "leaves [{'pk': '0', 'sk': '1'}, {'pk': '1', 'sk': '1'}, {'pk': '10', 'sk': '1'}, {'pk': '11', 'sk': '1'}, {'pk': '12', 'sk': '1'}, {'pk': '13', 'sk': '1'}, {'pk': '14', 'sk': '1'}, {'pk': '15', 'sk': '1'}, {'pk': '16', 'sk': '1'}, {'pk': '17', 'sk': '1'}, {'pk': '18', 'sk': '1'}, {'pk': '19', 'sk': '1'}, {'pk': '2', 'sk': '1'}, {'pk': '20', 'sk': '1'}, {'pk': '21', 'sk': '1'}, {'pk': '22', 'sk': '1'}, {'pk': '23', 'sk': '1'}, {'pk': '24', 'sk': '1'}, {'pk': '25', 'sk': '1'}, {'pk': '3', 'sk': '1'}, {'pk': '4', 'sk': '1'}, {'pk': '5', 'sk': '1'}, {'pk': '6', 'sk': '1'}, {'pk': '7', 'sk': '1'}, {'pk': '8', 'sk': '1'}, {'pk': '9', 'sk': '1'}]",
    },
    "a projection whose paths overlap": {
        "moto": "answers",
    },
    "query: between, the wrong way round": {
        "moto": "answers",
    },
    "query: exactly as many as there are": {
        "moto": "answers {'Items sk': ['00', '01', '02', '03', '04', '05', '06', '07', '08', '09'], 'Count': 10, 'LastEvaluatedKey': None}",
    },
    "query: a filter by a key": {
        "moto": "answers",
        "engine": "answers",
    },
    "query: either of two": {
        "moto": "breaks: AssertionError",
        "engine": "answers",
    },
    "query: by another type": {
        "moto": "answers",
    },
    "query: an index, from half a position": {
        "moto": "breaks: TypeError",
    },
    "query: an index that there is not": {
        "moto": "fails: ResourceNotFoundException",
    },
    "query: all attributes of an index of keys": {
        "engine": "answers",
    },
    "query: an attribute that is not in the index is not filtered by": {
        "engine": "answers {'Items sk': ['00', '03', '06', '09', '01', '04', '07', '02', '05', '08'], 'Count': 10, 'ScannedCount': 10}",
    },
}
