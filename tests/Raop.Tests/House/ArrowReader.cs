using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Raop.Tests.House;

/// <summary>Reads from compiled code who uses whom: base types, members, signatures, locals and every instruction.</summary>
/// <param name="assembly">The assembly to read.</param>
/// <param name="root">The namespace whose children are the rooms.</param>
internal sealed class ArrowReader(Assembly assembly, string root)
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    private readonly SortedSet<string> _violations = new(StringComparer.Ordinal);

    /// <summary>Every arrow that the rules do not allow, as "who → whom", each once.</summary>
    public IReadOnlyCollection<string> FindViolations()
    {
        foreach (Type type in assembly.GetTypes())
        {
            if (RoomOf(type) is not { } room) continue;
            if (!RoomRules.IsKnown(room)) _violations.Add($"{Outer(type).FullName} is in a room without a rule: {room}");
            else Read(type, room);
        }

        return _violations;
    }

    private void Read(Type type, string room)
    {
        string name = Name(Outer(type));
        foreach (Type used in ((Type?[])[type.BaseType, .. type.GetInterfaces()]).OfType<Type>()) Use(room, name, used);
        foreach (Type used in type.GetGenericArguments().Where(argument => argument.IsGenericParameter).SelectMany(argument => argument.GetGenericParameterConstraints()))
            Use(room, name, used);
        foreach (CustomAttributeData attribute in type.GetCustomAttributesData()) Use(room, name, attribute.AttributeType);
        foreach (FieldInfo field in type.GetFields(All)) Use(room, $"{name}.{MemberName(type, field.Name)}", field.FieldType);
        foreach (MethodBase method in ((MethodBase[])[.. type.GetMethods(All), .. type.GetConstructors(All)]))
        {
            string from = $"{name}.{MemberName(type, method.Name)}";
            foreach (Type used in Signature(method)) Use(room, from, used);
            foreach (CustomAttributeData attribute in method.GetCustomAttributesData()) Use(room, from, attribute.AttributeType);
            if (method.GetMethodBody() is { } body) ReadBody(room, from, method, body);
        }
    }

    private void ReadBody(string room, string from, MethodBase method, MethodBody body)
    {
        foreach (LocalVariableInfo local in body.LocalVariables) Use(room, from, local.LocalType);
        foreach (ExceptionHandlingClause clause in body.ExceptionHandlingClauses)
        {
            if (clause is { Flags: ExceptionHandlingClauseOptions.Clause, CatchType: { } caught }) Use(room, from, caught);
        }

        foreach (MemberInfo member in Operands(method, body.GetILAsByteArray() ?? []))
        {
            switch (member)
            {
                case Type type:
                    Use(room, from, type);
                    break;
                case FieldInfo field:
                    Use(room, from, field.DeclaringType);
                    Use(room, from, field.FieldType);
                    break;
                case MethodBase called:
                    Use(room, from, called.DeclaringType);
                    foreach (Type type in Signature(called)) Use(room, from, type);
                    break;
            }
        }
    }

    private static IEnumerable<MemberInfo> Operands(MethodBase method, byte[] il)
    {
        Type[]? ofType = method.DeclaringType is { IsGenericType: true } generic ? generic.GetGenericArguments() : null;
        Type[]? ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (int at = 0; at < il.Length;)
        {
            short value = il[at++];
            if (value == 0xFE) value = unchecked((short)(0xFE00 | il[at++]));
            OpCode code = OpCodesByValue[value];
            ReadOnlySpan<byte> operand = il.AsSpan(at);
            at += OperandLength(code, operand);
            if (code.OperandType is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok
                && method.Module.ResolveMember(BinaryPrimitives.ReadInt32LittleEndian(operand), ofType, ofMethod) is { } member)
            {
                yield return member;
            }
        }
    }

    private static int OperandLength(OpCode code, ReadOnlySpan<byte> operand) => code.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BinaryPrimitives.ReadInt32LittleEndian(operand)),
        _ => 4,
    };

    private static IEnumerable<Type> Signature(MethodBase method)
    {
        foreach (ParameterInfo parameter in method.GetParameters()) yield return parameter.ParameterType;
        if (method is MethodInfo { ReturnType: { } returned }) yield return returned;
        if (!method.IsGenericMethod) yield break;
        foreach (Type argument in method.GetGenericArguments()) yield return argument;
    }

    /// <summary>Takes a type apart and looks at each part.</summary>
    private void Use(string room, string from, Type? used)
    {
        if (used is null || used.IsGenericParameter) return;
        if (used.HasElementType)
        {
            Use(room, from, used.GetElementType());
            return;
        }

        if (used.IsConstructedGenericType)
        {
            foreach (Type argument in used.GetGenericArguments()) Use(room, from, argument);
        }

        bool allowed = RoomOf(used) is { } target ? RoomRules.Allows(room, target, used) : RoomRules.AllowsOutside(room, used);
        if (!allowed) _violations.Add($"{from} → {Name(Outer(used))}");
    }

    /// <summary>The room of a type, or null when it is none of ours or the compiler's own.</summary>
    private string? RoomOf(Type type)
    {
        if (type.Assembly != assembly || type.Namespace is not { } name) return null;
        if (name == root) return "";
        return name.StartsWith(root + ".", StringComparison.Ordinal) ? name[(root.Length + 1)..].Split('.')[0] : null;
    }

    /// <summary>The type that a person wrote: closures and state machines count to it.</summary>
    private static Type Outer(Type type)
    {
        while (type.DeclaringType is { } outer && (type.Name.Contains('<') || type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))) type = outer;
        return type;
    }

    private static string Name(Type type) => (type.IsConstructedGenericType ? type.GetGenericTypeDefinition() : type).FullName?.Replace('+', '.') ?? type.Name;

    /// <summary>The method that a person wrote: "Run" for Run, for &lt;Run&gt;d__5.MoveNext and for &lt;Run&gt;b__0.</summary>
    [SuppressMessage("Globalization", "CA1307", Justification = "Compiler's names.")]
    private static string MemberName(Type type, string member)
    {
        string name = member.StartsWith('<') ? member : type.Name.StartsWith('<') && !type.Name.StartsWith("<>", StringComparison.Ordinal) ? type.Name : member;
        return name.StartsWith('<') && name.IndexOf('>') is > 1 and var end ? name[1..end] : name;
    }
}
